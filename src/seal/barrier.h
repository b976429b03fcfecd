// SPDX-License-Identifier: Apache-2.0
// The in-flight barrier: when it is passed, no call that another thread had
// begun before a filter was installed can still change memory.
//
// A seccomp filter judges a call when it enters the kernel. A thread may have
// passed that gate, say in munmap(2), and then wait a long time for the lock of
// the address space, while this thread installs a filter that would have
// refused the call, and returns. The seal would be there, and then broken. A
// membarrier(2), a call of our own that takes the same lock, and waiting were
// tried, and do not close it.
//
// What closes it: a thread cannot run a signal handler while it is inside of a
// system call. So every thread gets a signal after the filter is on, and when
// its handler has answered, whatever call it was in has ended, or was
// interrupted before it did anything and will be judged again when restarted.
// A thread that is seen asleep in a call that has nothing to do with mappings
// needs no signal: whatever it does next is judged.
//
// The signal is number 33, the second one that both glibc and musl keep for
// themselves: their sigprocmask, pthread_sigmask and sigfillset never block it,
// while "block everything in the workers" is a common habit for all others. It
// is borrowed: the action that libc has for it is kept, what libc itself sends
// (glibc's setuid in threads, musl's pthread_cancel) is passed on, and
// afterwards the old action is put back. Ours are told apart by their payload.
//
// A filter cannot be taken off again, so who blocks the signal must be known
// before: `prepare` asks for every thread's mask and refuses while nothing has
// happened. A thread that blocks it in the moment between, which takes a raw
// system call, is watched for ten seconds more, until it is seen asleep in such
// a call. One that waits for every signal there is may take ours without a
// handler: it is out of the way as soon as the signal is no longer pending.
//
// Where /proc was mounted in another PID namespace, its ids are not those by
// which threads can be signalled: `prepare` refuses.
//
// The kernel's own threads in this process (io_uring's, vhost's, KVM's) take no
// signal and make no call, so they are left out. What a ring does that is older
// than the base filter is a declared hole.
//
// A thread that is interrupted in a call which SA_RESTART does not restart, and
// which is not known to leave mappings alone, sees EINTR.
#pragma once

#include <cstdint>

#include "memseal/error.h"

namespace memseal {

class Barrier {
public:
  /// Errors:  unsynchronised: a thread blocks the signal for longer than 200 ms
  ///          and 200 looks, or the threads cannot be listed by their ids.
  ///          Nothing has happened.
  /// Needs:   the RegisterLock.
  static Result<Barrier> prepare();

  /// Errors:  unsynchronised: a thread did not answer within ten seconds.
  ///          system.
  Result<void> pass();

  /// Whether nobody else ran in this memory when it was prepared.
  bool is_alone() const { return sharers_ == Sharers::none; }
  /// Whether a process that is no thread of this one shares its memory. No
  /// filter of ours reaches it.
  bool has_sibling() const { return sibling_; }
  /// Whether io_uring has a thread here, which no filter judges either.
  bool has_ring_worker() const { return ring_worker_; }

private:
  enum class Sharers : std::uint8_t { none, threads };
  explicit Barrier(Sharers sharers) : sharers_(sharers) {}
  Sharers sharers_;
  bool sibling_ = false;
  bool ring_worker_ = false;
  bool kernel_worker_ = false;  ///< io_uring's or another one
};

}  // namespace memseal
