// Package grpcapi is the work as the service of grpc.proto; its code is generated.
package grpcapi
