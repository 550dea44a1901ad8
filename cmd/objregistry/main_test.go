package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/netobj/netobj/internal/cli"
	"github.com/netobj/netobj/internal/proctest"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/registry"
	"github.com/netobj/netobj/registry/boltstore"
)

func TestMain(m *testing.M) { os.Exit(proctest.Main(m)) }

// daemon starts the real thing with args and returns it with its addresses.
func daemon(t *testing.T, args ...string) (*proctest.Process, string) {
	t.Helper()
	p := proctest.Start(t, exec.Command(proctest.Build(t, "cmd/objregistry"), args...))
	return p, p.Expect("listening on")
}

func client(t *testing.T, url string, config *objects.Config) *registry.Client {
	t.Helper()
	if config == nil {
		config = &objects.Config{}
	}
	config.Logger = slog.New(slog.DiscardHandler)
	node := objects.NewNode(config)
	t.Cleanup(func() { node.Close() })
	names, err := registry.Dial(t.Context(), node, url)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// watcher is any exported object that can be bound.
type watcher struct{}

func (watcher) Notify(context.Context, []registry.Event) error { return nil }

func bind(t *testing.T, c *registry.Client, name string) {
	t.Helper()
	if err := registry.Bind[registry.Watcher](t.Context(), c, name, watcher{}); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, c *registry.Client) int {
	t.Helper()
	entries, err := c.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestServesAtSeveralAddressesAndEndsOnSIGTERM(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "registry.sock")
	p, url := daemon(t, "--listen", "tcp://127.0.0.1:0", "--listen", "unix://"+socket, "--store", "memory")
	if got := p.Expect("listening on"); got != "unix://"+socket {
		t.Errorf("second address %q", got)
	}
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v, %v", info.Mode(), err)
	}
	bind(t, client(t, url, nil), "one")
	if n := count(t, client(t, "unix://"+socket, nil)); n != 1 {
		t.Errorf("%d names over the socket", n)
	}
	if err := p.Terminate(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestNamesSurviveARestart(t *testing.T) {
	store := filepath.Join(t.TempDir(), "state", "registry.db")
	p, url := daemon(t, "--listen", "tcp://127.0.0.1:0", "--store", store)
	owner, reader := client(t, url, nil), client(t, url, nil)
	bind(t, owner, "kept")
	bind(t, owner, "removed")
	if err := registry.Unbind(t.Context(), owner, "removed"); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	daemon(t, "--listen", url, "--store", store)
	// The owner binds its name anew by itself; the removed one stays removed.
	for event, err := range reader.Watch(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if event.Entry.Name == "removed" && event.Kind != registry.Unbound {
			t.Errorf("a removed name is back: %+v", event)
		}
		if event.Kind == registry.Bound && event.Entry.Name == "kept" {
			break
		}
	}
	if n := count(t, reader); n != 1 {
		t.Errorf("%d names, want 1", n)
	}
}

func TestTellsSystemd(t *testing.T) {
	sockets := map[string]string{"file": filepath.Join(t.TempDir(), "notify")}
	if runtime.GOOS == "linux" {
		sockets["abstract"] = "@netobj-test-" + rand.Text()
	}
	for name, socket := range sockets {
		t.Run(name, func(t *testing.T) { tellsSystemd(t, socket) })
	}
}

// tellsSystemd plays systemd at a socket.
func tellsSystemd(t *testing.T, socket string) {
	listener, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Skip("no unix datagrams:", err)
	}
	defer listener.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	p, url := daemon(t, "--listen", "tcp://127.0.0.1:0", "--store", "memory")
	expect := func(want string) {
		t.Helper()
		buf := make([]byte, 100)
		n, err := listener.Read(buf)
		if err != nil || string(buf[:n]) != want {
			t.Fatalf("systemd heard %q, %v, want %q", buf[:n], err, want)
		}
	}
	expect("READY=1")
	bind(t, client(t, url, nil), "a") // it is ready indeed
	if err := p.Terminate(); err != nil {
		t.Fatal(err)
	}
	expect("STOPPING=1")
}

// TestSystemdIsNotTold shows that a daemon works when nobody is at the socket.
func TestSystemdIsNotTold(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nobody"))
	if text := ended(t); !strings.Contains(text, "systemd was not told") {
		t.Errorf("log %q", text)
	}
}

func TestTLSWithClientCertificates(t *testing.T) {
	cert, key := proctest.Certificate(t)
	store := filepath.Join(t.TempDir(), "registry.db")
	p, url := daemon(t, "--listen", "tls://127.0.0.1:0", "--store", store, "--tls-ca", cert, "--tls-cert", cert, "--tls-key", key)
	config, err := cli.TLS(cert, cert, key)
	if err != nil {
		t.Fatal(err)
	}
	bind(t, client(t, url, &objects.Config{TLS: config}), "secret")

	stranger := objects.NewNode(&objects.Config{TLS: &tls.Config{RootCAs: config.RootCAs}, Logger: slog.New(slog.DiscardHandler)})
	defer stranger.Close()
	if _, err := registry.Dial(t.Context(), stranger, url); !errors.Is(err, objects.ErrUnreachable) {
		t.Errorf("a client without a certificate: %v", err)
	}

	// The limit on names is one of the key, whatever nodes its owner makes.
	p.Kill()
	leaf, err := x509.ParseCertificate(config.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("key:%x", sha256.Sum256(leaf.RawSubjectPublicKeyInfo))
	for _, r := range stored(t, store) {
		if r.Principal != want {
			t.Errorf("%s is bound by %s, want %s", r.Name, r.Principal, want)
		}
	}
}

// stored returns what a store holds that no daemon has open.
func stored(t *testing.T, file string) []registry.Record {
	t.Helper()
	store, err := boltstore.Open(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	records, err := store.List("")
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// TestBadStoreIsRefusedAndLeftAlone starts the daemon on files that it must not
// use.
func TestBadStoreIsRefusedAndLeftAlone(t *testing.T) {
	sound := filepath.Join(t.TempDir(), "sound.db")
	store, err := boltstore.Open(sound, nil)
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
	whole, err := os.ReadFile(sound)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"foreign":   {[]byte("my diary\n"), "not a registry store"},
		"truncated": {whole[:len(whole)/2], "registry store is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "registry.db")
			if err := os.WriteFile(file, c.content, 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, file, c.want)
			if left, err := os.ReadFile(file); err != nil || !bytes.Equal(left, c.content) {
				t.Error("the file was changed")
			}
		})
	}
	t.Run("locked", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "registry.db")
		daemon(t, "--listen", "tcp://127.0.0.1:0", "--store", file)
		refused(t, file, "in use by another process")
	})
}

// refused runs a daemon that must fail because of its store.
func refused(t *testing.T, store, want string) {
	t.Helper()
	var errOut bytes.Buffer
	cmd := exec.Command(proctest.Build(t, "cmd/objregistry"), "--listen", "tcp://127.0.0.1:0", "--store", store)
	cmd.Stderr = &errOut
	cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if text := errOut.String(); !strings.Contains(text, want) || !strings.Contains(text, store) {
		t.Errorf("error %q does not say %q and %q", text, want, store)
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--version"}, 0, "objregistry "},
		{[]string{"--help"}, 0, "--listen URL"},
		{[]string{"--port", "7"}, 2, "-port"},
		{[]string{"extra"}, 2, `"extra"`},
		{[]string{"--log-format", "xml"}, 2, "use text or json"},
		{[]string{"--log-level", "loud"}, 2, "loud"},
		{[]string{"--grace", "0s"}, 2, "greater than zero"},
		{[]string{"--tls-cert", "x"}, 2, "go together"},
		{[]string{"--store", "memory", "--listen", "localhost:1"}, 1, "has no scheme"},
		{[]string{"--store", "memory", "--listen", "tcp://0.0.0.0:0"}, 1, "plaintext beyond loopback"},
		{[]string{"--store", "memory", "--tls-ca", "nowhere.pem"}, 1, "nowhere.pem"},
	} {
		var out bytes.Buffer
		if code := run(c.args, &out, &out); code != c.code || !strings.Contains(out.String(), c.want) {
			t.Errorf("%v: exit code %d, output %q; want %d, %q", c.args, code, out.String(), c.code, c.want)
		}
	}
}

func TestDefaultPlaces(t *testing.T) {
	t.Setenv("STATE_DIRECTORY", "/var/lib/objregistry:/var/lib/other")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	o, err := parse(nil)
	if err != nil || o.store != "/var/lib/objregistry/registry.db" {
		t.Errorf("store %q, %v", o.store, err)
	}
	want := []string{registry.DefaultAddress, "unix://" + filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "netobj", "registry.sock")}
	if got := o.addresses(); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("addresses %q, want %q", got, want)
	}
	t.Setenv("STATE_DIRECTORY", "")
	t.Setenv("XDG_STATE_HOME", "/home/me/state")
	if o, err := parse(nil); err != nil || o.store != filepath.Join("/home/me/state", "netobj", "registry.db") {
		t.Errorf("store %q, %v", o.store, err)
	}
}
