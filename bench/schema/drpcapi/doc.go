// Package drpcapi is the work as the service of drpc.proto; its code is generated.
package drpcapi
