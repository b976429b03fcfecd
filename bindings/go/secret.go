// SPDX-License-Identifier: Apache-2.0

package memseal

/*
#include <memseal/memseal_secret.h>
*/
import "C"

import (
	"syscall"
	"unsafe"
)

// Secret is a key: bytes between inaccessible pages, locked into memory, left
// out of core dumps and out of forked children. What is sealed stays to the end
// of the process; what is not is yours to Wipe.
type Secret struct {
	raw  *C.struct_memseal_secret
	size int
}

// NewSecret makes size zero bytes, 1 GiB at most.
//
// Errors: ErrLockedMemory, ErrExhausted, ErrInvalid, ErrUnsupported (Linux
// before 4.14).
func NewSecret(size int) (*Secret, error) {
	if size <= 0 {
		return nil, &Error{"NewSecret", ErrInvalid, syscall.EINVAL}
	}
	var raw *C.struct_memseal_secret
	if done, err := C.memseal_secret_create(&raw, C.size_t(size), 0); done != 0 {
		if err == syscall.EAGAIN || err == syscall.EPERM {
			return nil, &Error{"NewSecret", ErrLockedMemory, err.(syscall.Errno)}
		}
		return nil, refusalOfRoom("NewSecret", err)
	}
	return &Secret{raw, size}, nil
}

// Edit gives the bytes to write to, until the seal. Do not keep them: a write
// after it is a fault that ends the program.
//
// Errors: ErrAlreadySealed, ErrAlreadyWiped.
func (s *Secret) Edit() ([]byte, error) {
	at, err := C.memseal_secret_edit(s.raw)
	if at == nil {
		return nil, refusalOfSecret("Secret.Edit", err)
	}
	return unsafe.Slice((*byte)(at), s.size), nil
}

// Seal seals it, for ever; sealing twice is success. Errors: as Seal, and
// ErrAlreadyWiped; it can be written to as before then.
func (s *Secret) Seal() error {
	if done, err := C.memseal_secret_seal(s.raw, 0); done != 0 {
		return refusal("Secret.Seal", err)
	}
	return nil
}

// Bytes are the sealed bytes themselves. Errors: ErrNotSealed, ErrAlreadyWiped.
func (s *Secret) Bytes() ([]byte, error) {
	at, err := C.memseal_secret_read(s.raw)
	if at == nil {
		return nil, refusalOfSecret("Secret.Bytes", err)
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(at)), s.size), nil
}

// Wipe overwrites it and gives its memory back. Errors: ErrAlreadySealed: what
// is sealed ends with the process.
func (s *Secret) Wipe() error {
	if done, err := C.memseal_secret_wipe(s.raw); done != 0 {
		return refusalOfSecret("Secret.Wipe", err)
	}
	return nil
}

func refusalOfSecret(op string, err error) error {
	switch err {
	case syscall.EPERM:
		return &Error{op, ErrAlreadySealed, syscall.EPERM}
	case syscall.EAGAIN:
		return &Error{op, ErrNotSealed, syscall.EAGAIN}
	}
	return refusal(op, err)
}
