package objects

import (
	"context"
	"fmt"

	"github.com/netobj/netobj/proxy"
)

// relay passes a call on to the owner of an object that this node does not own
// but has passed on: it is a forwarder. Arguments and results travel through as
// they are; only their references change hands.
func (in *incoming) relay(ctx context.Context, ref *proxy.Ref) answer {
	i := importOf(ref)
	c := i.s.calls.begin(ctx, i, &proxy.Method{Name: fmt.Sprintf("method %x", in.method), Interface: ref.Interface()})
	defer c.Finish(&c.Call, nil)
	if fail := c.roundTrip(ctx, in.method, in.payload, in.slots); fail != nil {
		fail = c.failure(fail)
		return in.fault(fail, fail.Outcome)
	}
	if fail := c.reply.fault; fail != nil {
		return in.refuse(fail)
	}
	in.payload = append(in.payload[:0], c.reply.payload...)
	return answer{status: c.reply.status, results: in.payload, slots: c.reply.slots}
}
