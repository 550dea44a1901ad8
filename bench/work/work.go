// Package work is what every peer is asked to do: three calls whose answers can
// be checked, and objects to hold references to.
package work

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Item is the struct of three fields that Echo sends back.
type Item struct {
	ID    int64
	Name  string
	Price float64
}

// Sum is the answer to a body: its length, and a checksum of one word in each
// 16 KiB. It is cheap on purpose: it shall show a body that was cut, shifted or
// mixed with another, and not be what is measured.
type Sum struct {
	Length int64
	Words  uint64
}

const (
	stride = 16 << 10
	word   = 8
)

// SumOf returns the sum of a body.
func SumOf(body []byte) Sum {
	s := Sum{Length: int64(len(body))}
	for at := 0; at+word <= len(body); at += stride {
		s.add(body[at:])
	}
	if len(body) >= word {
		s.add(body[len(body)-word:])
	}
	return s
}

func (s *Sum) add(from []byte) {
	s.Words = bits.RotateLeft64(s.Words, 7) ^ binary.LittleEndian.Uint64(from)*0x9e3779b97f4a7c15
}

// Body is a body with its sum.
type Body struct {
	Data []byte
	Sum  Sum
}

// Bodies are sent in turn, so that one never comes after its like.
type Bodies [2]Body

// NewBodies returns bodies of size bytes, in which no two words are alike.
func NewBodies(size int) *Bodies {
	var b Bodies
	for i := range b {
		data := make([]byte, size)
		for at := 0; at+word <= size; at += word {
			binary.LittleEndian.PutUint64(data[at:], uint64(at+i)*0xbf58476d1ce4e5b9+1)
		}
		b[i] = Body{data, SumOf(data)}
	}
	return &b
}

// Of returns the body for a call.
func (b *Bodies) Of(call int) *Body { return &b[call%len(b)] }

// ItemOf returns an item that differs from call to call. Name has 16 bytes.
func ItemOf(call int) Item {
	return Item{ID: int64(call), Name: "sixteen bytes!!!", Price: float64(call) / 4}
}

// Wrong is the error of an answer that is not what it should be.
func Wrong(call string, got, want any) error {
	return fmt.Errorf("%s returned %v, it should be %v", call, got, want)
}
