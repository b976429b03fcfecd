// SPDX-License-Identifier: Apache-2.0
// Makes a thread of a running process make system calls, such that the process
// survives the tracer's death at any moment.
//
// Background: the textbook way to make a call in another process is to save a
// thread's registers, set them to the call, run it and put them back. If the
// tracer is killed in between, nobody puts them back: the kernel detaches, and
// the thread runs on from wherever it was left.
//
// Idea: a stub that returns by itself. A few instructions, written where no
// code ever runs, make all the calls from a table and then load the thread's
// own registers and jump to where it was. One change of registers, which the
// kernel makes whole or not at all, puts the thread into the stub; before that
// nothing has happened, after that no tracer is needed. The instructions change
// no flag, use no stack and write no memory, so there is nothing else to put
// back, and a signal handler may run in the middle of them.
//
// Where no code runs: behind the end of the vdso's image, in its last page (the
// kernel pads it with zeros), else in the same padding behind an executable
// segment. The page becomes a private copy; no byte of code changes. The
// padding is zeroed again afterwards, and left as it is by a dead tracer: the
// next one finds its place by the mark it begins with.
//
// With the tracer alive the thread does not come to the stub's end: after the
// last call it is stopped once more and gets its registers as they were,
// interrupted call included, so that the kernel itself restarts that.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "process/mappings.h"
#include "process/remote_memory.h"
#include "tracer/registers.h"
#include "tracer/remote_call.h"

namespace memseal::tracer {

/// The instructions and their table, as bytes to be written at `at`.
class CallStub {
public:
  /// The most calls that fit into `size` bytes; 0 if not even one.
  static std::size_t capacity(std::size_t size);

  CallStub(process::RemoteAddress at, std::span<const RemoteCall> calls,
           const Registers &return_to);

  std::span<const std::byte> bytes() const { return bytes_; }
  process::RemoteAddress entry() const;
  /// Where the thread is after each call.
  process::RemoteAddress after_call() const;

private:
  void place(std::size_t displacement_at, std::size_t target);

  process::RemoteAddress at_;
  std::vector<std::byte> bytes_;
};

/// Executable padding that no code uses.
struct CodePadding {
  process::RemoteAddress begin;
  std::size_t size = 0;
};

/// Errors:  capacity: no executable padding of a useful size.
Result<CodePadding> find_code_padding(const process::Mappings &space,
                                      const process::RemoteMemory &memory);

}  // namespace memseal::tracer
