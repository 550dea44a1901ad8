package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/netobj/netobj/marshal"
	"github.com/netobj/netobj/objects"
	"github.com/netobj/netobj/proxy"
	"github.com/netobj/netobj/registry"
)

// This file turns obj:// texts into objects and back.

const objectScheme = "obj://"

// returned begins the text of an object that a call on this line has returned;
// a "." is never part of a name.
const returned = objectScheme + "./"

// resolve returns the object that an obj:// text names.
func (c *caller) resolve(ctx context.Context, uri string) (*proxy.Ref, error) {
	if number, ok := strings.CutPrefix(uri, returned); ok {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > len(c.objects) {
			return nil, usagef("%s: the number of objects that calls on this line have returned is %d", uri, len(c.objects))
		}
		return c.objects[n-1], nil
	}
	name := strings.TrimPrefix(uri, objectScheme)
	ref, err := c.tool.object(ctx, name)
	if errors.Is(err, registry.ErrNotFound) && isPrinted(name) {
		return nil, fmt.Errorf("%w; if it was printed by an earlier objctl, that has let go of the object: "+
			`use it in the same line, with "then"`, err)
	}
	return ref, err
}

// isPrinted reports whether name looks like what is printed of objects:
// INCARNATION/NUMBER.
func isPrinted(name string) bool {
	incarnation, number, _ := strings.Cut(name, "/")
	_, err := strconv.ParseUint(number, 16, 64)
	return err == nil && uuid.Validate(incarnation) == nil
}

// putObject writes the object that uri names, which must be an iface.
func (c *caller) putObject(ctx context.Context, e *marshal.Encoder, uri, iface string) error {
	ref, err := c.resolve(ctx, uri)
	if err != nil {
		return err
	}
	if iface != "" && iface != ref.Interface() {
		interfaces, err := objects.Describe(ctx, ref)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(interfaces, func(d objects.Descriptor) bool { return d.Name == iface }) {
			return fmt.Errorf("%s is a %s, not a %s", uri, clean(proxy.ShortName(ref.Interface())), clean(proxy.ShortName(iface)))
		}
	}
	proxy.PutHandle(e, ref)
	return nil
}

// seeObject prints an object among the results, and remembers it.
func (c *caller) seeObject(slot marshal.Slot) string {
	ref, ok := slot.Object.(*proxy.Ref)
	if !ok {
		return fmt.Sprint(slot.Object) // never: objctl passes no objects of its own
	}
	c.objects = append(c.objects, ref)
	return ref.String()
}
