package proxy

import (
	"fmt"
	"reflect"
	"sync"
)

// table holds what this program registered. Registration happens while
// packages initialize, look-ups afterwards and from any goroutine.
var table = struct {
	mu     sync.RWMutex
	byName map[string]*Interface
	byType map[reflect.Type]*Interface
	byID   map[MethodID]*Method
	skels  sync.Map // reflect.Type, the dynamic type of exported values, to *Skeleton; every call looks here
}{
	byName: map[string]*Interface{},
	byType: map[reflect.Type]*Interface{},
	byID:   map[MethodID]*Method{},
}

// Register makes i the description of interface T and returns it. Generated
// code calls it once per interface, from a package variable. It panics when the
// name, the type or a method id is taken: two generated files then describe the
// same interface, and one of them must go.
func Register[T any](i *Interface) *Interface {
	i.Type = reflect.TypeFor[T]()
	table.mu.Lock()
	defer table.mu.Unlock()
	if _, taken := table.byName[i.Name]; taken {
		panic(fmt.Sprintf("proxy: interface %s is registered twice; delete one of the generated files that describe it", i.Name))
	}
	if other, taken := table.byType[i.Type]; taken {
		panic(fmt.Sprintf("proxy: type %v is registered as %s and as %s; delete one of the generated files", i.Type, other.Name, i.Name))
	}
	for k := range i.Methods {
		m := &i.Methods[k]
		m.Interface = i.Name
		m.ID = NewMethodID(i.Name, m.Name)
		if other, taken := table.byID[m.ID]; taken {
			panic(fmt.Sprintf("proxy: methods %s and %s have the same id %x; rename one", m.FullName(), other.FullName(), uint64(m.ID)))
		}
		table.byID[m.ID] = m
	}
	table.byName[i.Name] = i
	table.byType[i.Type] = i
	table.skels.Clear()
	return i
}

// InterfaceOf returns the description of interface type T, or an error that
// tells how to make one.
func InterfaceOf[T any]() (*Interface, error) {
	t := reflect.TypeFor[T]()
	table.mu.RLock()
	i := table.byType[t]
	table.mu.RUnlock()
	if i != nil {
		return i, nil
	}
	if t.Kind() != reflect.Interface {
		return nil, fmt.Errorf("%v is not an interface; name the exported interface that it implements", t)
	}
	return nil, fmt.Errorf("no generated code for %v; mark it //objgen:export, run objgen, and import its package", t)
}

// InterfaceNamed returns the description registered under name, nil if there is
// none in this program.
func InterfaceNamed(name string) *Interface {
	table.mu.RLock()
	defer table.mu.RUnlock()
	return table.byName[name]
}

// Skeleton is the serving side of one Go type: the exported interfaces that it
// implements and their methods.
type Skeleton struct {
	Interfaces []*Interface // sorted by name
	methods    map[MethodID]*Method
}

// Method returns the method called id, nil if the type has none.
func (s *Skeleton) Method(id MethodID) *Method { return s.methods[id] }

// SkeletonOf returns the skeleton of the dynamic type of object. Its Interfaces
// are empty if object implements no exported interface.
func SkeletonOf(object any) *Skeleton {
	t := reflect.TypeOf(object)
	if s, ok := table.skels.Load(t); ok {
		return s.(*Skeleton)
	}
	table.mu.Lock()
	defer table.mu.Unlock()
	s := &Skeleton{methods: map[MethodID]*Method{}}
	for _, i := range table.byName {
		if t != nil && t.Implements(i.Type) {
			s.Interfaces = append(s.Interfaces, i)
			for k := range i.Methods {
				s.methods[i.Methods[k].ID] = &i.Methods[k]
			}
		}
	}
	sortInterfaces(s.Interfaces)
	table.skels.Store(t, s)
	return s
}
