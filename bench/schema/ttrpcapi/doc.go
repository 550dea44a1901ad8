// Package ttrpcapi is the work as the service of ttrpc.proto; its code is generated.
package ttrpcapi
