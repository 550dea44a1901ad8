package mesh

import (
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
)

// link is a way to an owner over tcp that a test can break as networks do. What is held
// back is not lost: it arrives when the link is good again, as tcp sends it again.
type link struct {
	URL    string // where holders dial
	front  net.Listener
	target string
	tasks  sync.WaitGroup

	mu       sync.Mutex
	changed  sync.Cond
	held     [2]bool // by way
	refusing bool    // new connections are reset
	closed   bool
	ends     map[net.Conn]struct{} // that are open
	kept     map[net.Conn]struct{} // of these, those whose peers are gone without their knowing
	dialled  int                   // connections on which bytes went on to the owner
}

// way is a direction.
type way int

const (
	toOwner way = iota
	toHolder
)

// newLink makes a link to the server at url, and closes it at the end of the test.
func newLink(t testing.TB, url string) *link {
	t.Helper()
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{URL: "tcp://" + front.Addr().String(), front: front, ends: map[net.Conn]struct{}{}, kept: map[net.Conn]struct{}{}}
	l.changed.L = &l.mu
	_, l.target, _ = strings.Cut(url, "://")
	l.tasks.Go(l.accept)
	t.Cleanup(l.close)
	return l
}

func (l *link) close() {
	l.front.Close()
	l.mu.Lock()
	l.closed = true
	l.changed.Broadcast()
	l.mu.Unlock()
	l.reset(toOwner, toHolder)
	l.tasks.Wait()
}

// accept ends with the listener.
func (l *link) accept() {
	for {
		in, err := l.front.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", l.target)
		if err != nil {
			reset(in)
			continue
		}
		if !l.enter(in, out) {
			reset(in)
			reset(out)
			continue
		}
		l.tasks.Go(func() { l.carry(toOwner, in, out) })
		l.tasks.Go(func() { l.carry(toHolder, out, in) })
	}
}

// enter reports whether the connection may be.
func (l *link) enter(in, out net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusing || l.closed {
		return false
	}
	l.ends[in], l.ends[out] = struct{}{}, struct{}{}
	return true
}

// carry copies bytes one way, and then tells the receiver of the end.
func (l *link) carry(w way, from, to net.Conn) {
	buf := make([]byte, 32<<10)
	for first := true; ; first = false {
		n, err := from.Read(buf)
		l.mu.Lock()
		for l.held[w] && !l.closed {
			l.changed.Wait()
		}
		if first && w == toOwner && n > 0 {
			l.dialled++
		}
		_, kept := l.kept[to]
		l.mu.Unlock()
		if kept {
			return
		}
		if n > 0 {
			to.Write(buf[:n])
		}
		if err != nil {
			l.leave(from)
			l.leave(to)
			return
		}
	}
}

func (l *link) leave(c net.Conn) {
	c.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.ends, c)
}

// reset resets an end as routers do, or a firewall that has forgotten it.
func reset(c net.Conn) {
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// hold lets nothing pass, in the ways given.
func (l *link) hold(ways ...way) { l.setHeld(true, ways) }

// reset breaks the connections that stand, and tells only those of it to whom the ways
// given lead.
func (l *link) reset(ways ...way) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.ends {
		end := toHolder
		if c.RemoteAddr().String() == l.target {
			end = toOwner
		}
		if slices.Contains(ways, end) {
			delete(l.kept, c)
			reset(c)
		} else {
			l.kept[c] = struct{}{}
		}
	}
}

// refuse resets new connections from now on.
func (l *link) refuse() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusing = true
}

// heal makes the link good again.
func (l *link) heal() {
	l.mu.Lock()
	l.refusing = false
	l.mu.Unlock()
	l.setHeld(false, []way{toOwner, toHolder})
}

func (l *link) setHeld(held bool, ways []way) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range ways {
		l.held[w] = held
	}
	l.changed.Broadcast()
}

// dials returns how many connections the owner has been sent something on.
func (l *link) dials() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dialled
}
