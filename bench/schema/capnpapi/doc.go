// Package capnpapi is the work as the interfaces of bench.capnp; its code is
// generated.
package capnpapi
