// SPDX-License-Identifier: Apache-2.0

package memseal

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

const page = 4096

// inChild runs the test again in a child process, which runs act and ends: what
// seals must not stay in the other tests' process.
func inChild(t *testing.T, act func()) error {
	t.Helper()
	if os.Getenv("MEMSEAL_CHILD") == t.Name() {
		act()
		if t.Failed() {
			os.Exit(1)
		}
		os.Exit(0)
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), "MEMSEAL_CHILD="+t.Name())
	said, err := child.CombinedOutput()
	if err != nil {
		t.Logf("%s", said)
	}
	return err
}

func holds(t *testing.T, act func()) {
	t.Helper()
	if err := inChild(t, act); err != nil {
		t.Fatal(err)
	}
}

// twin is one read-only page with a byte in it, as a value's before its seal.
func twin(t *testing.T) uintptr {
	pages, err := syscall.Mmap(-1, 0, page, 3, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	pages[0] = 7
	if err := syscall.Mprotect(pages, 1); err != nil {
		t.Fatal(err)
	}
	return uintptr(unsafe.Pointer(&pages[0]))
}

func call(number, at, b, c, d, e, f uintptr) syscall.Errno {
	_, _, errno := syscall.Syscall6(number, at, b, c, d, e, f)
	return errno
}

type act struct {
	name string
	try  func(at uintptr) syscall.Errno
}

// attacks are what a corrupted pointer may do to a page; from the mildest on.
var attacks = []act{
	{"mprotect", func(at uintptr) syscall.Errno { return call(syscall.SYS_MPROTECT, at, page, 3, 0, 0, 0) }},
	{"madvise", func(at uintptr) syscall.Errno { return call(syscall.SYS_MADVISE, at, page, 4, 0, 0, 0) }},
	{"mmap", func(at uintptr) syscall.Errno { return call(syscall.SYS_MMAP, at, page, 3, 0x32, ^uintptr(0), 0) }},
	{"mremap", func(at uintptr) syscall.Errno {
		return call(syscall.SYS_MREMAP, at, page, page, 3, at+1<<30, 0)
	}},
	{"munmap", func(at uintptr) syscall.Errno { return call(syscall.SYS_MUNMAP, at, page, 0, 0, 0, 0) }},
}

func attack(t *testing.T, data []byte) {
	t.Helper()
	at := uintptr(unsafe.Pointer(&data[0])) &^ (page - 1)
	for _, attack := range attacks {
		if errno := attack.try(twin(t)); errno != 0 {
			t.Errorf("control: %s of an unsealed page: %v", attack.name, errno)
		}
		if errno := attack.try(at); errno != syscall.EPERM {
			t.Errorf("%s of a sealed page: %v", attack.name, errno)
		}
	}
}

// refused tells whether an error has a cause, and names its cure.
func refused(t *testing.T, err, cause error) {
	t.Helper()
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), cause.Error()) {
		t.Errorf("%v instead of: %v", err, cause)
	}
}

func TestSealedBytesRefuseEveryAttackWithEachEngine(t *testing.T) {
	holds(t, func() {
		for _, engine := range []Engine{Automatic, Native, Filter, Strict} {
			want := bytes.Repeat([]byte("x"), 5000)
			value, err := CopyBy(want, engine)
			if errors.Is(err, ErrUnsupported) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			attack(t, value.Bytes())
			attack(t, value.Bytes()[4999:])
			if !bytes.Equal(value.Bytes(), want) || value.String() != string(want) {
				t.Error("the bytes have changed")
			}
			info, err := Query(unsafe.Pointer(&value.Bytes()[0]))
			if err != nil || !info.IsSealed() {
				t.Error(info, err)
			}
			runtime.GC() // the collector does not mind
		}
	})
}

func TestASealedArenaRefusesEveryAttackWithEachEngine(t *testing.T) {
	holds(t, func() {
		for _, engine := range []Engine{Automatic, Native, Filter} {
			arena, err := NewArena(0, engine)
			if errors.Is(err, ErrUnsupported) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			slot, err := arena.Put([]byte("draft"))
			if err != nil {
				t.Fatal(err)
			}
			if err := slot.Write([]byte("kept ")); err != nil {
				t.Fatal(err)
			}
			_, err = slot.Bytes()
			refused(t, err, ErrNotSealed)
			for twice := 0; twice < 2; twice++ {
				if err := arena.Seal(); err != nil {
					t.Fatal(err)
				}
			}
			refused(t, slot.Write([]byte("x")), ErrAlreadySealed)
			data, err := slot.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			attack(t, data)
			if string(data) != "kept " {
				t.Errorf("%q", data)
			}
			later, err := arena.Put([]byte("the arena goes on"))
			if err != nil || later.IsSealed() {
				t.Error(err)
			}
		}
	})
}

func TestAWriteToASlotSucceedsAndToASealedOneIsAFault(t *testing.T) {
	err := inChild(t, func() {
		arena, _ := NewArena(0, Automatic)
		slot, _ := arena.Put([]byte("x"))
		slot.data[0] = 1 // control: writable memory
		if arena.Seal() != nil {
			os.Exit(3)
		}
		slot.data[0] = 2
	})
	var exit *exec.ExitError
	// Go's runtime reports the fault and exits with status 2.
	if !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Fatal(err)
	}
}

func TestTheProgramSealsItsOwnCode(t *testing.T) {
	holds(t, func() {
		code := **(**uintptr)(unsafe.Pointer(&[]func(*testing.T){TestTheProgramSealsItsOwnCode}[0])) &^ (page - 1)
		reprotect := func() syscall.Errno { return call(syscall.SYS_MPROTECT, code, page, 5, 0, 0, 0) }
		if errno := reprotect(); errno != 0 {
			t.Error("control:", errno)
		}
		if _, err := Self(Automatic); err != nil {
			t.Fatal(err)
		}
		if errno := reprotect(); errno != syscall.EPERM {
			t.Error(errno)
		}
		runtime.GC() // and the runtime goes on
		done := make(chan bool)
		go func() { runtime.LockOSThread(); done <- true }()
		<-done
	})
}

func TestEveryWrongUseNamesItsCure(t *testing.T) {
	holds(t, func() {
		pages, _ := syscall.Mmap(-1, 0, 2*page, 1, syscall.MAP_PRIVATE|syscall.MAP_ANON)
		refused(t, Seal(pages[1:page], All, Automatic), ErrUnaligned)
		refused(t, Seal(pages[1:page], All, Automatic), syscall.EINVAL)
		gone := twin(t)
		call(syscall.SYS_MUNMAP, gone, page, 0, 0, 0, 0)
		at := &gone // not a pointer that Go knows of
		refused(t, Seal(unsafe.Slice(*(**byte)(unsafe.Pointer(at)), page), All, Automatic), ErrNotMapped)
		for twice := 0; twice < 2; twice++ { // the second time nothing is gained
			if err := Seal(pages[:page], Munmap|Closed, Filter); err != nil {
				t.Fatal(err)
			}
		}
		refused(t, Seal(pages[:page], All, Automatic), ErrAlreadySealed)
		refused(t, Seal(pages[page:], Munmap, Native), ErrUnsupported)
		_, err := NewArena(0, Strict)
		refused(t, err, ErrUnsupported)
		arena, err := NewArena(1, Automatic)
		if err != nil {
			t.Fatal(err)
		}
		_, err = arena.Put(make([]byte, 2<<20))
		refused(t, err, ErrExhausted)
		if err := arena.Seal(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestValuesOfEveryLengthAreWhatTheyWere(t *testing.T) {
	holds(t, func() {
		for _, size := range []int{0, 1, page - 1, page, page + 1, 1 << 20} {
			want := bytes.Repeat([]byte{42}, size)
			value, err := Copy(want)
			if err != nil || !bytes.Equal(value.Bytes(), want) || len(value.String()) != size {
				t.Error(size, err)
			}
		}
		if !strings.Contains(Version(), ".") {
			t.Error(Version())
		}
	})
}

func TestASealedSecretRefusesEveryAttack(t *testing.T) {
	holds(t, func() {
		key, err := NewSecret(32)
		if err != nil {
			t.Fatal(err)
		}
		_, err = key.Bytes()
		refused(t, err, ErrNotSealed)
		place, err := key.Edit()
		if err != nil {
			t.Fatal(err)
		}
		copy(place, bytes.Repeat([]byte{7}, 32))
		for twice := 0; twice < 2; twice++ {
			if err := key.Seal(); err != nil {
				t.Fatal(err)
			}
		}
		data, err := key.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		attack(t, data)
		if !bytes.Equal(data, bytes.Repeat([]byte{7}, 32)) {
			t.Error(data)
		}
		_, err = key.Edit()
		refused(t, err, ErrAlreadySealed)
		refused(t, key.Wipe(), ErrAlreadySealed)

		wiped, err := NewSecret(8)
		if err != nil {
			t.Fatal(err)
		}
		if err := wiped.Wipe(); err != nil {
			t.Fatal(err)
		}
		_, err = wiped.Edit()
		refused(t, err, ErrAlreadyWiped)
		_, err = wiped.Bytes()
		refused(t, err, ErrAlreadyWiped)
		refused(t, wiped.Seal(), ErrAlreadyWiped)
		_, err = NewSecret(0)
		refused(t, err, ErrInvalid)
	})
}
