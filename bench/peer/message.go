package peer

import (
	"context"

	"github.com/netobj/netobj/bench/schema/message"
	"github.com/netobj/netobj/bench/work"
)

// messageService is the work on Protocol Buffers messages, as the peers with
// such interfaces serve it.
type messageService struct{}

// Add returns the sum of p.
func (messageService) Add(_ context.Context, p *message.Pair) (*message.Number, error) {
	return &message.Number{N: p.A + p.B}, nil
}

// Echo returns item.
func (messageService) Echo(_ context.Context, item *message.Item) (*message.Item, error) {
	return item, nil
}

// Bytes returns the sum of body.
func (messageService) Bytes(_ context.Context, body *message.Body) (*message.Sum, error) {
	s := work.SumOf(body.Data)
	return &message.Sum{Length: s.Length, Words: s.Words}, nil
}

func itemMessage(item work.Item) *message.Item {
	return &message.Item{Id: item.ID, Name: item.Name, Price: item.Price}
}

// The results of calls, from messages to plain values; after an error there is no
// message.

func numberOf(m *message.Number, err error) (int64, error) { return m.GetN(), err }

func itemOf(m *message.Item, err error) (work.Item, error) {
	return work.Item{ID: m.GetId(), Name: m.GetName(), Price: m.GetPrice()}, err
}

func sumOf(m *message.Sum, err error) (work.Sum, error) {
	return work.Sum{Length: m.GetLength(), Words: m.GetWords()}, err
}
