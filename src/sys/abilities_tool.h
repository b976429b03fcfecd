// SPDX-License-Identifier: Apache-2.0
// What this kernel lets this process do, found out by asking, not by version:
// distributions backport, containers filter.
//
// Every question is asked in a child: a seccomp filter may kill whoever makes a
// call that it does not know.
#pragma once

#include <cstdint>
#include <string>

namespace memseal::sys {

/// What came of a question.
struct Ability {
  enum Kind : std::uint8_t {
    granted,
    refused,  ///< the kernel or a filter gave `error`
    deadly,   ///< a filter killed who asked
    unknown,  ///< no child could be made
  };
  Kind kind = unknown;
  int error = 0;  ///< errno of `refused`

  bool ok() const { return kind == granted; }
  bool missing() const;  ///< refused with ENOSYS
};

/// "yes", "Operation not permitted", "kills the caller".
std::string describe(Ability outcome);

Ability ask_mseal();
/// Whether one mseal(2) over sealed and unsealed mappings seals just what it
/// was asked to; EBADE if not (CVE-2026-23416, Linux 6.17 to 7.0-rc5).
Ability ask_mixed_mseal();
Ability ask_userfaultfd();  ///< for user-mode faults, what needs no privilege
Ability ask_io_uring();
/// Whether a write through /proc/self/mem gets into a page that is read-only.
Ability ask_memory_override();
/// Whether a child may be traced.
Ability ask_ptrace();
/// Whether a filter can be installed, after no_new_privs.
Ability ask_filter();
/// Whether one can be without no_new_privs.
Ability ask_privileged_filter();

/// Whether one can have a listener that hears of every thread.
Ability ask_listener();

/// Whether seccomp(2) knows a flag of SECCOMP_SET_MODE_FILTER: it then gets as
/// far as the missing program (EFAULT); unknown flags are EINVAL before that.
/// Source:  Linux, kernel/seccomp.c, seccomp_set_mode_filter.
bool seccomp_knows_flag(unsigned flags);
/// SECCOMP_GET_ACTION_AVAIL. Kernel: 4.14.
bool seccomp_knows_action(std::uint32_t action);

}  // namespace memseal::sys
