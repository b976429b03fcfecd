// SPDX-License-Identifier: Apache-2.0
// The memory of another process.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

#include "memseal/error.h"

namespace memseal::process {

/// An address in the traced process. A type of its own, so that nobody follows
/// it here.
struct RemoteAddress {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(RemoteAddress, RemoteAddress) = default;
  friend constexpr RemoteAddress operator+(RemoteAddress a, std::uint64_t n) {
    return {a.value + n};
  }
};

/// Called before every ptrace request and every write, if set. Tests end the
/// tracer here, at each step in turn, and look at what became of the process.
extern void (*step_observer)();

/// One address space, through /proc/PID/mem.
///
/// It stays the address space that was there when it was opened: after an exec
/// it reads the old one, so open it again.
class RemoteMemory {
public:
  enum class Access : std::uint8_t { read, read_and_write };
  /// Errors:  system: EACCES or EPERM where ptrace would be refused too.
  static Result<RemoteMemory> open(pid_t pid,
                                   Access access = Access::read_and_write);
  RemoteMemory(RemoteMemory &&other) noexcept;
  RemoteMemory &operator=(RemoteMemory &&) = delete;
  ~RemoteMemory();

  /// All of `out`. Errors: system, EFAULT or EIO where nothing is mapped.
  Result<void> read(RemoteAddress from, std::span<std::byte> out) const;

  /// Writes even where the process itself may not (a private copy is made).
  /// Needs:   opened to be written; the caller traces the process (Linux may be
  /// told to refuse it
  ///          otherwise: proc_mem.force_override=ptrace, 6.12).
  Result<void> write(RemoteAddress to, std::span<const std::byte> bytes) const;

  template <typename T>
  Result<T> read_value(RemoteAddress from) const {
    T value;
    MEMSEAL_TRY_VOID(read(from, std::as_writable_bytes(std::span(&value, 1))));
    return value;
  }

private:
  explicit RemoteMemory(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace memseal::process
