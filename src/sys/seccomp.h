// SPDX-License-Identifier: Apache-2.0
// Puts a seccomp filter on every thread of this process.
#pragma once

#include <linux/filter.h>

#include <span>

#include "memseal/error.h"

namespace memseal::sys {

/// Installs one filter on all threads, or on none.
///
/// no_new_privs is set only if the kernel refuses without it, that is without
/// CAP_SYS_ADMIN, and stays as it was if the filter is refused (but where the
/// process may have no further thread).
///
/// Errors:  unsupported: the kernel has no seccomp filters or no TSYNC.
///          budget: the filters of a thread would exceed 32,768 instructions
///          as the kernel counts them, or this one 4,096.
///          unsynchronised: a thread has a filter that this one has not. One
///          that is ending is waited for, up to 200 ms and 200 looks.
///          system. No thread has the filter on error.
/// Kernel:  3.17; 4.17 for SPEC_ALLOW, left away before.
/// Source:  seccomp(2); Linux, kernel/seccomp.c, seccomp_set_mode_filter.
/// Context: anywhere.
Result<void> install_filter(std::span<const sock_filter> program);

/// Whether the kernel would take all of the programs: tried in a forked child,
/// which ends before this returns, for what is installed stays installed.
///
/// Errors:  as install_filter. Nothing is installed.
/// Context: anywhere; the child runs no handler of pthread_atfork(3), and no
///          signal tells of its end.
Result<void> rehearse_filters(
    std::span<const std::span<const sock_filter>> programs);

/// Whether the process gave up gaining privileges. Source: prctl(2).
bool has_no_new_privs();

}  // namespace memseal::sys
