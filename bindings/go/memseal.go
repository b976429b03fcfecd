// SPDX-License-Identifier: Apache-2.0

// Package memseal makes memory immutable: values that are written once, sealed,
// and read for ever.
//
//	key, err := memseal.Copy([]byte("the key"))
//	key.Bytes()                     // reads like any slice; a write is a fault
//	left, err := memseal.Self(memseal.Automatic) // the program's own code
//
// A seal makes the mapping of whole pages immutable, for the rest of the
// process's life: no system call makes sealed memory writable, unmaps it,
// replaces it, moves it or empties it. Nothing here seals memory of Go's heap,
// which Go's runtime must be able to give back.
//
// Does not stop: writes through /proc/self/mem, by ptrace, or to the file behind
// a mapping. memseal's docs/threat-model.md has the whole list.
package memseal

/*
#cgo pkg-config: memseal
#include <errno.h>
#include <memseal/memseal.h>
#include <memseal/memseal_arena.h>
*/
import "C"

import (
	"syscall"
	"unsafe"
)

// Engine is who enforces a seal.
type Engine uint32

const (
	// Automatic is Native where it can do what is asked, else Filter.
	Automatic Engine = 0
	// Native is mseal(2), Linux 6.10; all types or nothing.
	Native Engine = C.MEMSEAL_NATIVE
	// Filter is a seccomp filter; any types. Without CAP_SYS_ADMIN it sets
	// no_new_privs.
	Filter Engine = C.MEMSEAL_FILTER
	// Strict is both, which closes the holes that mseal(2) leaves.
	Strict Engine = C.MEMSEAL_STRICT
)

// Types is what a seal forbids: a set, joined by |.
type Types uint32

const (
	// Closed forbids further types.
	Closed Types = C.MEMSEAL_SEAL
	// Mprotect forbids mprotect and pkey_mprotect.
	Mprotect Types = C.MEMSEAL_MPROTECT
	// Munmap forbids munmap, brk downwards, shmdt.
	Munmap Types = C.MEMSEAL_MUNMAP
	// Mmap forbids replacing: MAP_FIXED, SHM_REMAP.
	Mmap Types = C.MEMSEAL_MMAP
	// Mremap forbids mremap from, within and onto the range.
	Mremap Types = C.MEMSEAL_MREMAP
	// Discard forbids madvise that empties or hides pages.
	Discard Types = C.MEMSEAL_DISCARD
	// Mapping is Munmap, Mmap and Mremap.
	Mapping Types = C.MEMSEAL_MAPPING
	// All is every type.
	All Types = C.MEMSEAL_ALL
)

// BaseLevel is how much the base filter refuses beside the sealed ranges.
type BaseLevel uint32

const (
	// Compatible refuses what ordinary programs do not do.
	Compatible BaseLevel = C.MEMSEAL_BASE_COMPATIBLE
	// Hardened also refuses io_uring, userfaultfd and ptrace.
	Hardened BaseLevel = C.MEMSEAL_BASE_CLOSED
)

// Info is what holds at an address, and from Begin to End around it.
type Info struct {
	Begin, End   uintptr
	Types        Types
	Downgradable bool
	Engine       Engine // Automatic: nothing is sealed
}

// IsSealed tells whether the place holds every seal.
func (info Info) IsSealed() bool { return info.Types == All }

// Seal seals the pages that data touches, for ever. They must be pages that you
// mapped yourself (syscall.Mmap), never memory of Go's heap, and with Mprotect
// their protection stays as it is: make them read-only first.
//
// Errors: ErrUnaligned, ErrNotMapped, ErrAlreadySealed (the range holds Closed
// and would gain something), ErrUnsupported, ErrFilterBudget, ErrBusy. Nothing
// is sealed then.
func Seal(data []byte, types Types, engine Engine) error {
	if len(data) == 0 {
		return nil
	}
	at := unsafe.Pointer(&data[0])
	if uintptr(at)%uintptr(syscall.Getpagesize()) != 0 {
		return &Error{"Seal", ErrUnaligned, syscall.EINVAL}
	}
	if done, err := C.memseal(at, C.size_t(len(data)), C.uint(types), C.uint(engine)); done != 0 {
		return refusal("Seal", err)
	}
	return nil
}

// Self seals what the program consists of: code, constants and relocated data
// (RELRO) of the executable and of every C library that is loaded now. It
// returns how many objects were left out because they have text relocations.
func Self(engine Engine) (leftOut int, err error) {
	left, err := C.memseal_self(C.uint(engine))
	if left < 0 {
		return 0, refusal("Self", err)
	}
	return int(left), nil
}

// Harden installs the base filter of the filter engine, or raises its level.
func Harden(level BaseLevel) error {
	if done, err := C.memseal_harden(C.uint(level)); done != 0 {
		return refusal("Harden", err)
	}
	return nil
}

// Query tells what is sealed at an address, by memseal or by mseal(2).
func Query(at unsafe.Pointer) (Info, error) {
	var found C.struct_memseal_info
	found.size = C.sizeof_struct_memseal_info
	if done, err := C.memseal_query(at, &found); done != 0 {
		return Info{}, refusal("Query", err)
	}
	return Info{
		Begin:        uintptr(found.begin),
		End:          uintptr(found.end),
		Types:        Types(found.types),
		Downgradable: found.flags&C.MEMSEAL_DOWNGRADABLE != 0,
		Engine:       Engine(found.engine),
	}, nil
}

// Version is that of the library that is running: "0.2.0".
func Version() string { return C.GoString(C.memseal_version()) }
