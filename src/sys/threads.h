// SPDX-License-Identifier: Apache-2.0
// The threads of this process, as the kernel counts them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/large_local.h"
#include "memseal/error.h"
#include "sys/signals.h"

namespace memseal::sys {

/// Who else runs in this address space.
enum class AddressSpaceSharers : std::uint8_t {
  none,     ///< nobody: no other thread, no process made with CLONE_VM
  some,     ///< somebody
  unknown,  ///< the kernel would not say
};

/// Asks whether this thread is alone in its memory, with one call and without
/// /proc: unshare(CLONE_VM) does nothing if it is, and is EINVAL otherwise.
///
/// Source:  unshare(2), CLONE_VM: "can be specified if the caller is single
///          threaded (i.e., it is not sharing its address space with another
///          process or thread)".
/// Context: anywhere.
AddressSpaceSharers address_space_sharers();

int current_thread();

/// Whether /proc names threads by the ids by which this process can signal
/// them. Not where /proc was mounted in another PID namespace, as in
/// `unshare --fork --pid` without `--mount-proc`.
///
/// Source:  proc(5), /proc/pid/status, NSpid (Linux 4.1): one id for each
///          namespace from the one /proc belongs to down to ours.
bool proc_has_our_ids();

/// A folder of /proc whose entries have numbers for names, one by one.
class IdList {
public:
  /// Errors: system: ENOENT where /proc is not mounted, EMFILE.
  static Result<IdList> open(const char *path);
  IdList(IdList &&other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  IdList &operator=(IdList &&) = delete;
  ~IdList();

  /// The next id, or nothing at the end. Errors: system.
  Result<std::optional<int>> next();
  /// Back to the first.
  Result<void> rewind();

protected:
  explicit IdList(int fd) : fd_(fd) {}
  int fd_;

private:
  std::size_t begin_ = 0, end_ = 0;
  alignas(8) MEMSEAL_LARGE_MEMBER std::array<char, 4096> buffer_;
};

/// The threads in /proc/self/task.
///
/// The kernel gives no snapshot: threads that start or end meanwhile may make
/// it miss others. Whoever needs all of them scans again and compares with
/// `thread_count` (Linux, fs/proc/base.c, proc_task_readdir: the walk ends
/// early when the thread it stands on ends).
class ThreadList : public IdList {
public:
  /// Errors: as IdList.
  static Result<ThreadList> open();
  /// How many threads the process has now, this one included.
  Result<std::size_t> thread_count() const;

private:
  explicit ThreadList(IdList &&list) : IdList(std::move(list)) {}
};

/// Whether another process has the memory of this one (clone(2), CLONE_VM), as
/// far as /proc shows processes. For a process with threads, of which
/// `address_space_sharers` says no more than that it has some.
///
/// Source:  kcmp(2), KCMP_VM.
bool shares_memory_with_process();

/// What a thread is doing, as far as it matters for a signal sent to it.
struct ThreadState {
  bool ended;         ///< gone, or a zombie that will never run again
  bool runs;          ///< has a processor, or waits for one
  SignalSet blocked;  ///< its signal mask
  SignalSet pending;  ///< sent to it alone, and not taken yet
};
Result<ThreadState> thread_state(int tid);

/// Whether the thread is one that the kernel made for this process: it stands
/// among its threads, works in the kernel only, makes no system call and takes
/// no signal. Those of io_uring since Linux 5.12, of vhost since 6.4, of KVM
/// since 6.14.
///
/// Source:  proc(5), /proc/pid/stat, flags; Linux, include/linux/sched.h,
///          PF_IO_WORKER, PF_USER_WORKER.
bool is_kernel_worker(int tid);
/// Whether it is one of io_uring's, which act on mappings without any call that
/// a filter could judge.
bool is_ring_worker(int tid);

/// Whether the thread runs no more code of the program: it is gone, a zombie,
/// or on its way out through exit(2).
///
/// Source:  proc(5), /proc/pid/stat, flags; Linux, include/linux/sched.h,
///          PF_EXITING.
bool is_ending(int tid);

/// A point in time as /proc tells it: the boot clock, in hundredths of a second
/// (on x86-64 and arm64).
using BootTicks = std::uint64_t;
/// The end of time where the clock cannot be read: nothing begins after it.
BootTicks now_in_ticks();

/// How long the thread has had a processor, in hundredths of a second; nothing
/// if it is gone. Source: proc(5), /proc/pid/stat, utime and stime.
std::optional<std::uint64_t> ticks_on_processor(int tid);

/// Whether the thread certainly began after the hundredth of a second that
/// `moment` names, or is gone.
///
/// Source:  proc(5), /proc/pid/stat, starttime; Linux, kernel/fork.c,
///          copy_process(): the time is taken before the thread inherits its
///          filters.
bool began_after(int tid, BootTicks moment);

/// The number of the system call in which the thread sleeps; -1 if it sleeps
/// outside of any (a page fault); nothing if it runs, or cannot be asked.
///
/// Source:  proc(5), /proc/pid/syscall; Linux, lib/syscall.c: the task is
///          looked at while it is off the processor.
std::optional<long> sleeping_in_call(int tid);

}  // namespace memseal::sys
