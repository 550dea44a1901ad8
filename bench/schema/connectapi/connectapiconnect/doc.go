// Package connectapiconnect serves and calls the service of connect.proto; its code
// is generated.
package connectapiconnect
