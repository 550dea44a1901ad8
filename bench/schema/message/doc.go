// Package message is the work as the messages of message.proto, which the services
// share; its code is generated.
package message
