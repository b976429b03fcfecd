// SPDX-License-Identifier: Apache-2.0

package memseal

/*
#include <memseal/memseal.h>
#include <memseal/memseal_arena.h>
*/
import "C"

import (
	"syscall"
	"unsafe"
)

// Sealed is a copy of some bytes, on pages of its own, that nobody can change.
// It stays in memory until the process ends. A seal covers whole pages: for
// many small values take an Arena.
type Sealed struct{ data []byte }

// Copy puts a copy of data into sealed memory.
//
// Errors: ErrExhausted, ErrUnsupported, ErrFilterBudget, ErrBusy; nothing stays
// mapped then.
func Copy(data []byte) (Sealed, error) { return CopyBy(data, Automatic) }

// CopyBy is Copy by an engine of your choice.
func CopyBy(data []byte, engine Engine) (Sealed, error) {
	page := syscall.Getpagesize()
	size := (len(data) + page) / page * page // one page at least
	pages, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return Sealed{}, refusalOfRoom("Copy", err)
	}
	copy(pages, data)
	if err := syscall.Mprotect(pages, syscall.PROT_READ); err != nil {
		_ = syscall.Munmap(pages)
		return Sealed{}, refusalOfRoom("Copy", err)
	}
	if err := Seal(pages, All, engine); err != nil {
		_ = syscall.Munmap(pages)
		return Sealed{}, err
	}
	return Sealed{pages[:len(data):len(data)]}, nil
}

// Bytes are the bytes themselves. To write to them is a fault that ends the
// program.
func (s Sealed) Bytes() []byte { return s.data }

// String is the bytes as a string, without a copy: nothing can change them.
func (s Sealed) String() string {
	if len(s.data) == 0 {
		return ""
	}
	return *(*string)(unsafe.Pointer(&s.data))
}

// Arena is memory that takes many values and seals them by one call. It is never
// given back. Go pointers do not belong there: the garbage collector does not
// look into it.
type Arena struct{ raw *C.struct_memseal_arena }

// NewArena reserves addresses (bytes; 0: 1 TiB, at most 8 TiB), no memory yet.
//
// Errors: ErrExhausted (256 arenas, memory), ErrUnsupported (also for Strict),
// ErrFilterBudget, ErrBusy.
func NewArena(reservation uint, engine Engine) (*Arena, error) {
	kind, known := map[Engine]C.uint{Automatic: C.MEMSEAL_ARENA_AUTO,
		Native: C.MEMSEAL_ARENA_NATIVE, Filter: C.MEMSEAL_ARENA_FILTER}[engine]
	if !known {
		return nil, &Error{"NewArena", ErrUnsupported, syscall.EOPNOTSUPP}
	}
	arena := new(Arena)
	var raw *C.struct_memseal_arena
	if done, err := C.memseal_arena_create(&raw, C.size_t(reservation), kind); done != 0 {
		return nil, refusalOfRoom("NewArena", err)
	}
	arena.raw = raw
	return arena, nil
}

// Slot is some bytes in an arena: written until its seal, read after it.
type Slot struct {
	arena *Arena
	at    unsafe.Pointer
	data  []byte
}

// Put puts a copy of data into the arena. Errors: ErrExhausted; what was put
// there before is unharmed and can be sealed.
func (a *Arena) Put(data []byte) (Slot, error) {
	at, err := C.memseal_arena_allocate(a.raw, C.size_t(len(data)+1), 1)
	if at == nil {
		return Slot{}, refusalOfRoom("Put", err)
	}
	slot := Slot{a, at, unsafe.Slice((*byte)(at), len(data))}
	copy(slot.data, data)
	return slot, nil
}

// Seal seals everything put there so far, for ever. More may be put and sealed
// afterwards; sealing twice is success.
//
// Errors: ErrExhausted (the kernel's limit of mappings); nothing is sealed then.
func (a *Arena) Seal() error {
	if done, err := C.memseal_arena_seal(a.raw); done != 0 {
		return refusalOfRoom("Arena.Seal", err)
	}
	return nil
}

// IsSealed tells whether all of the slot is sealed.
func (s Slot) IsSealed() bool {
	if s.arena == nil {
		return false
	}
	// Put took one byte more: an empty slot lies somewhere too.
	return C.memseal_arena_is_sealed(s.arena.raw, s.at, C.size_t(len(s.data)+1)) == 1
}

// Write writes into the slot, from its begin; what does not fit is an error.
// Errors: ErrAlreadySealed, ErrInvalid; nothing is written then.
func (s Slot) Write(data []byte) error {
	if s.IsSealed() {
		return &Error{"Slot.Write", ErrAlreadySealed, syscall.EPERM}
	}
	if len(data) > len(s.data) {
		return &Error{"Slot.Write", ErrInvalid, syscall.EINVAL}
	}
	copy(s.data, data)
	return nil
}

// Bytes are the sealed bytes themselves. Errors: ErrNotSealed.
func (s Slot) Bytes() ([]byte, error) {
	if !s.IsSealed() {
		return nil, &Error{"Slot.Bytes", ErrNotSealed, syscall.EPERM}
	}
	return s.data, nil
}
