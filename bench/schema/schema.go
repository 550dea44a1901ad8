// Package schema holds the work of package work in the interface language of
// each peer, and the code generated from it. The generated code is committed;
// generate (see the README) makes it anew.
package schema

//go:generate ./generate
