// SPDX-License-Identifier: Apache-2.0
#include "tracer/stopped_process.h"

#include <fmt/core.h>
#include <sys/ptrace.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "process/proc_files.h"
#include "tracer/permission.h"

namespace memseal::tracer {
namespace {

/// A thread that waits for a child of vfork(2) to execute does not stop before.
constexpr int timeout_ms = 5000;

/// A filter that kills on unknown calls would kill for a mseal too.
unsigned options_for(const process::Process &process) {
  return process.seccomp_mode != 0 ? unsigned{PTRACE_O_SUSPEND_SECCOMP} : 0u;
}

}  // namespace

Result<void> halt(const Tracee &thread) {
  MEMSEAL_TRY_VOID(thread.interrupt());
  for (;;) {
    Stop stop = MEMSEAL_TRY(wait_for(thread.tid(), timeout_ms));
    if (stop.ended())
      return fail(Errc::system, ESRCH);
    if (stop.kind == Stop::Kind::halted)
      break;
    int signal = stop.kind == Stop::Kind::signal ? stop.detail : 0;
    MEMSEAL_TRY_VOID(thread.resume(Until::event, signal));
  }
  Registers registers = MEMSEAL_TRY(thread.registers());
  if (spare_interruption(registers))
    MEMSEAL_TRY_VOID(thread.set_registers(registers));
  return {};
}

/// Returns whether there was any. A new thread may have been started by one
/// that had not stopped yet, so the caller asks until there is none.
Refusable<bool, process::Refusal> StoppedProcess::stop_new_threads(
    const process::Process &process) {
  bool any = false;
  for (pid_t tid : process::thread_ids(process.pid)) {
    if (std::ranges::find(threads_, tid, &Tracee::tid) != threads_.end())
      continue;
    auto thread = Tracee::seize(tid, options_for(process));
    if (!thread) {
      auto now = process::Process::look(tid);
      bool gone = !now || now->ended();
      if (gone &&
          (tid != process.pid || process::thread_ids(process.pid).size() > 1))
        continue;
      if (thread.error().code == Errc::unsupported)
        return process::refuse(process::Cause::unsupported,
                               "the tracer needs an x86-64 processor");
      if (process.seccomp_mode != 0 && thread.error().sys_errno == EPERM)
        return process::refuse(
            process::Cause::forbidden,
            fmt::format("process {} ({}) is under a seccomp filter that might "
                        "kill it for sealing; only root can suspend that",
                        process.pid, process.name));
      return process::refuse(process::Cause::forbidden,
                             why_not_traced(process, thread.error().sys_errno));
    }
    threads_.push_back(*thread);
    any = true;
    if (auto halted = halt(*thread); !halted) {
      int why = halted.error().sys_errno;
      if (why == ESRCH) {
        threads_.pop_back();
        continue;
      }
      if (halted.error().code == Errc::unsupported)
        return process::refuse(
            process::Cause::unsuitable,
            fmt::format("process {} ({}) is a 32-bit program, and mseal(2) is "
                        "for 64-bit ones",
                        process.pid, process.name));
      return process::refuse(
          process::Cause::failed,
          fmt::format("thread {} of process {} ({}) does not stop: {}", tid,
                      process.pid, process.name,
                      why == ETIMEDOUT
                          ? "it waits in the kernel for a device, or for a "
                            "child made by vfork(2) to execute"
                          : std::strerror(why)));
    }
  }
  return any;
}

Refusable<StoppedProcess, process::Refusal> StoppedProcess::stop(
    const process::Process &process) {
  StoppedProcess stopped;
  while (MEMSEAL_TRY(stopped.stop_new_threads(process))) {
  }
  if (stopped.threads_.empty())
    return process::refuse(
        process::Cause::vanished,
        fmt::format("process {} ({}) has ended", process.pid, process.name));
  return stopped;
}

void StoppedProcess::forget(pid_t tid) {
  std::erase_if(threads_, [=](const Tracee &t) { return t.tid() == tid; });
}

StoppedProcess::~StoppedProcess() {
  for (const Tracee &thread : threads_)
    static_cast<void>(thread.detach());
}

}  // namespace memseal::tracer
