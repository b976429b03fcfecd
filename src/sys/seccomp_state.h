// SPDX-License-Identifier: Apache-2.0
// Whether a seccomp filter stands between us and the kernel, and whether it
// would kill for mseal(2).
#pragma once

#include <cstdint>

namespace memseal::sys {

/// What /proc/self/status says.
struct SeccompState {
  int mode = -1;     ///< 0 none, 1 strict, 2 filter; -1: could not be read
  int filters = -1;  ///< how many, since Linux 5.9; -1: not told

  bool none() const { return mode == 0; }
  friend bool operator==(const SeccompState &, const SeccompState &) = default;
};

/// Reads with openat, read and close only, which a program that is still
/// loading libraries must be allowed.
/// Context: before-main, after-filter.
SeccompState seccomp_state();

/// How many filters this thread has, since Linux 5.9; -1 if it is not told.
int filters_on_this_thread();

/// Whether no filter is on, by prctl(2): ten times as fast, but a filter that
/// does not list PR_GET_SECCOMP may kill for it, and strict mode does. For a
/// program that makes many other calls anyway, before it does anything.
bool runs_unfiltered();

enum class MsealTrial : std::uint8_t {
  works,
  refused,       ///< with an errno
  mseal_deadly,  ///< mseal(2) kills, what else the loader module needs works
  deadly,        ///< what else it needs kills
};

/// What becomes of a child that makes the calls of the loader module. For
/// processes under a filter of somebody else: an allow-list that is older than
/// mseal(2) kills the process that tries.
///
/// No SIGCHLD is sent. Needs: a single thread. Context: before-main.
MsealTrial try_mseal_in_child();

/// Runs `body` in a child. Returns what it returned, 0 to 127; -1 if that
/// killed it, or no child could be made.
///
/// No SIGCHLD is sent. Needs: a single thread. Context: before-main.
int run_in_child(int (*body)());

}  // namespace memseal::sys
