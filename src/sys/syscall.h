// SPDX-License-Identifier: Apache-2.0
// The one door into the kernel.
//
// memseal's core runs where there is no usable C library: in the loader before
// libc is relocated, in a signal handler, in the launcher that cannot afford
// libc's start-up. So calls are made with the instruction itself, and a
// failure is a value, never the thread's errno.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "memseal/error.h"

#if defined(__x86_64__)
#include "sys/syscall_x86_64.h"
#elif defined(__aarch64__)
#include "sys/syscall_aarch64.h"
#else
#error "memseal knows the system calls of x86-64 and arm64 only"
#endif

namespace memseal::sys {

/// mseal(2), Linux 6.10, has the same number on every architecture.
inline constexpr long nr_mseal = 462;

/// What the kernel answered: a value, or -4095…-1 for an errno.
struct ReturnValue {
  long raw;
  constexpr bool failed() const {
    return static_cast<unsigned long>(raw) > static_cast<unsigned long>(-4096);
  }
  /// 0 if the call succeeded.
  constexpr int error() const { return failed() ? static_cast<int>(-raw) : 0; }
};

template <typename T>
inline long to_register(T value) {
  if constexpr (
      requires { reinterpret_cast<long>(value); } &&
      !requires { static_cast<long>(value); })
    return reinterpret_cast<long>(value);
  else
    return static_cast<long>(value);
}
inline long to_register(std::nullptr_t) {
  return 0;
}

/// Enters the kernel. Missing arguments are zero.
/// Context: anywhere, before main and in signal handlers included.
template <typename... Arguments>
inline ReturnValue call(long number, Arguments... arguments) {
  static_assert(sizeof...(Arguments) <= 6);
  long a[6] = {to_register(arguments)...};
  return {raw_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5])};
}

/// The answer as a Result: the value, or Errc::system with the errno.
inline Result<long> result(ReturnValue answer) {
  if (answer.failed())
    return fail(Errc::system, answer.error());
  return answer.raw;
}

}  // namespace memseal::sys
