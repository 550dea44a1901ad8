// Package connectapi is the work as the service of connect.proto; its code is generated.
package connectapi
