// SPDX-License-Identifier: Apache-2.0

package memseal

import (
	"errors"
	"fmt"
	"syscall"
)

// What memseal refuses, by cause; compare by errors.Is. Each names its cure.
var (
	ErrUnaligned = errors.New("the address is not page-aligned: " +
		"round it down to a page, or let Copy or Arena place the bytes")
	ErrNotMapped = errors.New("part of the range is not mapped, or memory is short: " +
		"map the whole range first; if it is, raise vm.max_map_count or the memory limit")
	ErrExhausted = errors.New("there is no room left: " +
		"reserve a larger arena, share one arena (a process has 256), or raise the memory limit")
	ErrNotSealed = errors.New("it is not sealed yet: " +
		"call the arena's Seal before this")
	ErrAlreadySealed = errors.New("it is sealed already: " +
		"write everything, and ask for all types, before the seal: there is no unseal")
	ErrAlreadyWiped = errors.New("the secret is wiped, or was the parent's: " +
		"make a new secret; a child makes its own")
	ErrLockedMemory = errors.New("no more memory may be locked: " +
		"raise RLIMIT_MEMLOCK (ulimit -l), or keep fewer secrets")
	ErrUnsupported = errors.New("no engine on this system can enforce it: " +
		"ask for All and Automatic; `memseal doctor` says what this system has")
	ErrFilterBudget = errors.New("the kernel takes no more filter instructions: " +
		"keep values in one Arena instead of sealing them one by one")
	ErrBusy = errors.New("a thread could not be brought under the seal: " +
		"seal before threads with seccomp filters of their own start, or take Native")
	ErrInvalid = errors.New("an argument is not valid: " +
		"check types, flags, alignment and length")
	ErrKernel = errors.New("the kernel refused: " +
		"see the errno, and `memseal doctor`")
)

// Error is a refusal; nothing was sealed. errors.Is finds the cause and the
// errno.
type Error struct {
	Op    string        // the function
	Cause error         // one of the Err values
	Errno syscall.Errno // of the C interface, 0 where Go refused
}

func (e *Error) Error() string {
	if e.Errno == 0 {
		return fmt.Sprintf("memseal.%s: %v", e.Op, e.Cause)
	}
	return fmt.Sprintf("memseal.%s: %v (%v)", e.Op, e.Cause, e.Errno)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is knows the errno too.
func (e *Error) Is(target error) bool { return target == error(e.Errno) }

// refusal turns the errno of a C call into an Error.
func refusal(op string, err error) error {
	errno, _ := err.(syscall.Errno)
	cause := ErrKernel
	switch errno {
	case syscall.EINVAL:
		cause = ErrInvalid
	case syscall.ENOMEM:
		cause = ErrNotMapped
	case syscall.EACCES:
		cause = ErrAlreadySealed
	case syscall.EOPNOTSUPP:
		cause = ErrUnsupported
	case syscall.E2BIG:
		cause = ErrFilterBudget
	case syscall.ESTALE:
		cause = ErrAlreadyWiped
	case syscall.EBUSY:
		cause = ErrBusy
	}
	return &Error{op, cause, errno}
}

// refusalOfRoom is for calls where ENOMEM can only mean that it is full.
func refusalOfRoom(op string, err error) error {
	refused := refusal(op, err).(*Error)
	if refused.Cause == ErrNotMapped {
		refused.Cause = ErrExhausted
	}
	return refused
}
