// SPDX-License-Identifier: Apache-2.0
// A seccomp filter over sealed ranges, installed by the process that it guards.
#pragma once

#include <span>

#include "filter/programs.h"
#include "tracer/remote_call.h"
#include "tracer/seal_plan.h"

namespace memseal::tracer {

/// Whether the base filter (S-49, level compatible) comes first. A second one
/// would do no harm, and no good.
enum class Base : std::uint8_t { left_out, comes_first };

struct RemoteFilter {
  /// With report and permit, a descriptor of this process and of no other;
  /// else -1.
  int listener = -1;
  filter::FilterCount installed;
};

/// Has the stopped process install a filter over the ranges, for these types of
/// seal and all its threads.
///
/// Every thread has to be stopped, and no more is needed (compare
/// seal/barrier.h): a thread stops only on its way out of the kernel, when its
/// call is over or will be made again; and one that is made again passes the
/// filter like any other (Linux, kernel/entry/common.c: seccomp is asked at
/// every entry, restarts included). Not so a process that shares the memory
/// (CLONE_VM without CLONE_THREAD): it is not bound at all (S-74).
///
/// A process without CAP_SYS_ADMIN gets no_new_privs first, which it keeps:
/// setuid programs do not gain rights below it. After exec the filter stays
/// and its ranges mean nothing any more (docs/threat-model.md, "exec").
///
/// Kernel:  3.17; notify: 5.7 (threads: TSYNC_ESRCH).
/// Errors:  budget: too many ranges. unsynchronised: a thread has a filter of
///          its own. system: what the kernel answered. No range is guarded
///          then; the base filter may be there, and of two programs the
///          first, which forbids nothing but mremap from the ranges to a fixed
///          address.
Result<RemoteFilter> install_remote_filter(const MakeCall &make, pid_t pid,
                                           std::span<const PageRange> ranges,
                                           SealTypes types,
                                           OnViolation on_violation, Base base);

}  // namespace memseal::tracer
