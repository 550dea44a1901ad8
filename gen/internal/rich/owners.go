package rich

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// AsCBOR has marshalers for CBOR, on value and pointer as the standard library
// has them.
type AsCBOR struct{ N int64 }

// MarshalCBOR writes a list of one.
func (a AsCBOR) MarshalCBOR() ([]byte, error) { return cbor.Marshal([]int64{a.N}) }

// UnmarshalCBOR reads it.
func (a *AsCBOR) UnmarshalCBOR(data []byte) error {
	var list []int64
	if err := cbor.Unmarshal(data, &list); err != nil {
		return err
	}
	if len(list) != 1 {
		return fmt.Errorf("%d numbers, want 1", len(list))
	}
	a.N = list[0]
	return nil
}

// AsBinary has marshalers that give bytes.
type AsBinary struct{ N uint32 }

// MarshalBinary gives four bytes.
func (a AsBinary) MarshalBinary() ([]byte, error) {
	return binary.BigEndian.AppendUint32(nil, a.N), nil
}

// UnmarshalBinary reads them.
func (a *AsBinary) UnmarshalBinary(data []byte) error {
	if len(data) != 4 {
		return errors.New("want four bytes")
	}
	a.N = binary.BigEndian.Uint32(data)
	return nil
}

// AsText has marshalers that give text; it is a number otherwise.
type AsText uint16

// MarshalText gives the digits.
func (a AsText) MarshalText() ([]byte, error) { return strconv.AppendUint(nil, uint64(a), 10), nil }

// UnmarshalText reads them.
func (a *AsText) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 10, 16)
	*a = AsText(n)
	return err
}

// ByPointer has all its marshalers on the pointer.
type ByPointer struct{ N uint32 }

// MarshalBinary gives four bytes.
func (p *ByPointer) MarshalBinary() ([]byte, error) { return AsBinary{p.N}.MarshalBinary() }

// UnmarshalBinary reads them.
func (p *ByPointer) UnmarshalBinary(data []byte) error {
	var a AsBinary
	err := a.UnmarshalBinary(data)
	p.N = a.N
	return err
}

// Both has binary and text marshalers; the binary ones count.
type Both struct{ AsBinary }

// MarshalText is not called.
func (Both) MarshalText() ([]byte, error) { return nil, errors.New("not this one") }

// UnmarshalText is not called.
func (*Both) UnmarshalText([]byte) error { return errors.New("not this one") }

// Marshalers has types with marshalers of their own, in every position.
type Marshalers struct {
	CBOR   AsCBOR
	Binary AsBinary
	Text   AsText
	Ptr    ByPointer
	Both   Both
	PCBOR  *AsCBOR
	PBin   *AsBinary
	PText  *AsText
	PPtr   *ByPointer
	Many   []AsCBOR
	Texts  [2]AsText
	PMany  []*ByPointer
	ByName map[string]AsBinary
	ByText map[AsText]AsText
	ByAddr map[netip.AddrPort]*AsCBOR
	Opt    AsText    `cbor:",omitempty"`
	POpt   *AsBinary `cbor:",omitempty"`
	Zero   AsCBOR    `cbor:",omitzero"`
	PZero  *AsText   `cbor:"1,keyasint,omitzero"`
	List   List[AsText]
	URLs   []url.URL
	PURLs  map[string]*url.URL
	Ports  []netip.AddrPort
	Lasts  Pair[time.Duration, time.Time]
}

// Embeds embeds what is not a struct, and what has a tag.
type Embeds struct {
	Text
	Row
	*Number
	Tuple `cbor:",omitempty"`
	*Inner2
	Hash `json:"hash"`
	Blob `cbor:"-"`
	Pair[Text, Number]
	*List[Point]
}
