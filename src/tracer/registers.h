// SPDX-License-Identifier: Apache-2.0
// The registers of a stopped thread, in the words of system calls.
#pragma once

#include <sys/user.h>

#include <array>
#include <cstdint>

#include "process/remote_memory.h"

namespace memseal::tracer {

/// Registers of one thread, as a value. Only x86-64 is known: everything that
/// needs them elsewhere is refused as unsupported.
struct Registers {
#if defined(__x86_64__)
  user_regs_struct raw{};
#endif

  process::RemoteAddress program_counter() const;
  void set_program_counter(process::RemoteAddress address);

  /// The system call the thread is in or returns from; -1 if none.
  long system_call() const;
  void set_no_system_call();
  std::uint64_t argument(unsigned index) const;  ///< 0 to 5
  /// What the call answers, as the kernel sees it: its internal restart codes
  /// show here.
  long answer() const;
  void set_answer(long answer);

  /// Makes the thread ready to enter the kernel.
  void set_call(long number, const std::array<std::uint64_t, 6> &arguments);

  /// The same for the 32-bit door, int 0x80, which takes the low halves of
  /// other registers.
  void set_compat_call(long number,
                       const std::array<std::uint64_t, 6> &arguments);

  /// What the kernel makes of an interrupted call when no signal handler runs:
  /// the registers with which it is made again. Unchanged if there was none.
  /// Source:  Linux, arch/x86/kernel/signal.c, arch_do_signal_or_restart.
  Registers restarted() const;
};

/// The instruction that enters the kernel, and its length in bytes.
inline constexpr std::array<unsigned char, 2> system_call_instruction{0x0f,
                                                                      0x05};

/// int 0x80: the 32-bit door, which code of 64 bits may use, too.
inline constexpr std::array<unsigned char, 2> compat_call_instruction{0xcd,
                                                                      0x80};

/// Turns an interruption that only our stop caused into one the kernel may
/// undo. Some calls (epoll_wait, sigtimedwait) answer EINTR when a tracer stops
/// them, though no signal came. Told the restart code ERESTARTNOHAND instead,
/// the kernel makes the call again, and still answers EINTR if a handler runs.
/// Returns whether `registers` changed.
/// Source:  signal(7), "Interruption of system calls by stop signals".
bool spare_interruption(Registers &registers);

}  // namespace memseal::tracer
