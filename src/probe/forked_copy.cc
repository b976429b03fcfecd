// SPDX-License-Identifier: Apache-2.0
#include "probe/forked_copy.h"

#include <fmt/core.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "process/mappings.h"
#include "tracer/call_instruction.h"
#include "tracer/permission.h"
#include "tracer/stopped_process.h"

namespace memseal::probe {
namespace {

constexpr int timeout_ms = 20000;
constexpr unsigned fork_options = PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE;

/// What one call through the registers of a halted thread came to.
struct Step {
  CallOutcome outcome;
  pid_t child = 0;  ///< that the call has made
  /// That came meanwhile and were held back.
  std::vector<int> signals{};
};

/// An instruction that does not exist here, as int 0x80 where the kernel runs
/// no 32-bit programs, raises one of these instead of entering it.
bool is_unknown_door(int signal) {
  return signal == SIGSEGV || signal == SIGILL;
}

/// Makes the call that the registers are set up for.
Result<Step> enter_kernel(const tracer::Tracee &tracee,
                          tracer::Registers registers,
                          process::RemoteAddress instruction) {
  registers.set_program_counter(instruction);
  MEMSEAL_TRY_VOID(tracee.set_registers(registers));
  Step step;
  for (bool inside = false;;) {
    MEMSEAL_TRY_VOID(tracee.resume(tracer::Until::system_call));
    tracer::Stop stop = MEMSEAL_TRY(tracer::wait_for(tracee.tid(), timeout_ms));
    switch (stop.kind) {
      case tracer::Stop::Kind::exited:
        return fail(Errc::system, ESRCH);
      case tracer::Stop::Kind::killed:
        step.outcome.died_of = stop.detail;
        return step;
      case tracer::Stop::Kind::event:
        step.child = static_cast<pid_t>(MEMSEAL_TRY(tracee.event_message()));
        break;
      case tracer::Stop::Kind::signal:
        // SECCOMP_RET_TRAP: the call was not made.
        if (stop.detail == SIGSYS) {
          step.outcome.trapped_by = SIGSYS;
          step.outcome.answer = -EPERM;
          return step;
        }
        if (!inside && is_unknown_door(stop.detail)) {
          step.outcome.answer = -ENOSYS;
          return step;
        }
        step.signals.push_back(stop.detail);
        break;
      case tracer::Stop::Kind::halted:
        break;
      case tracer::Stop::Kind::system_call:
        if (inside) {
          step.outcome.answer = MEMSEAL_TRY(tracee.registers()).answer();
          return step;
        }
        inside = true;
    }
  }
}

Result<Step> make_call(const tracer::Tracee &tracee,
                       tracer::Registers registers,
                       process::RemoteAddress instruction, long number,
                       const ForkedCopy::Arguments &arguments) {
  registers.set_call(number, arguments);
  return enter_kernel(tracee, registers, instruction);
}

std::string because(Error error) {
  return error.code == Errc::system ? std::strerror(error.sys_errno)
                                    : error.sentence();
}

void end(pid_t pid) {
  kill(pid, SIGKILL);
  while (waitpid(pid, nullptr, __WALL) > 0) {
    // A stop that came before the end.
  }
}

}  // namespace

ForkedCopy::ForkedCopy(ForkedCopy &&other) noexcept
    : tracee_(other.tracee_),
      memory_(std::move(other.memory_)),
      registers_(other.registers_),
      instruction_(other.instruction_),
      alive_(std::exchange(other.alive_, false)) {}

ForkedCopy::~ForkedCopy() {
  if (alive_)
    end(pid());
}

Result<ForkedCopy> ForkedCopy::adopt(pid_t child,
                                     process::RemoteAddress instruction) {
  // Traced since its birth, it waits at its first stop.
  MEMSEAL_TRY(tracer::wait_for(child, timeout_ms));
  tracer::Tracee tracee = tracer::Tracee::followed(child);
  auto made = [&]() -> Result<ForkedCopy> {
    MEMSEAL_TRY_VOID(
        tracee.set_options(fork_options | unsigned{PTRACE_O_EXITKILL}));
    process::RemoteMemory memory =
        MEMSEAL_TRY(process::RemoteMemory::open(child));
    tracer::Registers registers = MEMSEAL_TRY(tracee.registers());
    return ForkedCopy(tracee, std::move(memory), registers, instruction);
  }();
  if (!made)
    end(child);
  return made;
}

Result<CallOutcome> ForkedCopy::call(long number, const Arguments &arguments) {
  Step step = MEMSEAL_TRY(
      make_call(tracee_, registers_, instruction_, number, arguments));
  if (!step.outcome.lived())
    alive_ = false;  // and waited for
  return step.outcome;
}

Result<CallOutcome> ForkedCopy::compat_call(process::RemoteAddress instruction,
                                            long number,
                                            const Arguments &arguments) {
  tracer::Registers registers = registers_;
  registers.set_compat_call(number, arguments);
  Step step = MEMSEAL_TRY(enter_kernel(tracee_, registers, instruction));
  if (!step.outcome.lived())
    alive_ = false;
  // That door answers with 32 bits.
  step.outcome.answer = static_cast<std::int32_t>(step.outcome.answer);
  return step.outcome;
}

Result<ForkedCopy> ForkedCopy::fork() {
  Step step = MEMSEAL_TRY(make_call(tracee_, registers_, instruction_,
                                    SYS_clone, {SIGCHLD, 0, 0, 0, 0, 0}));
  if (step.child == 0)
    return fail(Errc::system, step.outcome.lived()
                                  ? static_cast<int>(-step.outcome.answer)
                                  : ESRCH);
  return adopt(step.child, instruction_);
}

Refusable<ForkedCopy, process::Refusal> ForkedCopy::of(
    const tracer::Tracee &halted) {
  auto memory = process::RemoteMemory::open(halted.tid());
  if (!memory)
    return process::refuse(
        process::Cause::forbidden,
        "its memory cannot be read: " + because(memory.error()));
  auto space = process::Mappings::read(halted.tid(), sys::ReadSeals::without);
  if (!space)
    return process::refuse(
        process::Cause::forbidden,
        "its mappings cannot be read: " + because(space.error()));
  auto instruction = tracer::find_call_instruction(*space, *memory);
  if (!instruction)
    return process::refuse(process::Cause::failed,
                           "no instruction for a system call was found in it");
  auto original = halted.registers();
  if (!original)
    return process::refuse(
        process::Cause::forbidden,
        "its registers cannot be read: " + because(original.error()));

  // No signal at its end: the program would wonder whose child that was.
  auto step = make_call(halted, *original, *instruction, SYS_clone, {});
  auto copy = [&]() -> Result<ForkedCopy> {
    if (!step || step->child == 0)
      return fail(Errc::system,
                  !step ? ESRCH : static_cast<int>(-step->outcome.answer));
    ForkedCopy first = MEMSEAL_TRY(adopt(step->child, *instruction));
    return first.fork();
  }();
  if (step && step->outcome.answer > 0) {
    constexpr std::uint64_t wall = __WALL;
    auto waited = make_call(
        halted, *original, *instruction, SYS_wait4,
        {static_cast<std::uint64_t>(step->outcome.answer), 0, wall, 0, 0, 0});
    if (waited)
      step->signals.insert(step->signals.end(), waited->signals.begin(),
                           waited->signals.end());
  }
  if (auto back = halted.set_registers(*original); !back)
    return process::refuse(process::Cause::vanished, "it ended meanwhile");
  // Who sent them is lost; that they were sent is not.
  for (int signal : step ? step->signals : std::vector<int>{})
    syscall(SYS_tkill, halted.tid(), signal);
  if (!copy)
    return process::refuse(
        process::Cause::failed,
        "it could not be made to fork: " + because(copy.error()));
  return std::move(*copy);
}

Refusable<ForkedCopy, process::Refusal> ForkedCopy::of(
    const process::Process &process) {
  auto thread = tracer::Tracee::seize(process.pid, fork_options);
  if (!thread)
    return process::refuse(
        process::Cause::unsupported,
        thread.error().code == Errc::unsupported
            ? "the tracer needs an x86-64 processor"
            : tracer::why_not_traced(process, thread.error().sys_errno));
  if (auto halted = tracer::halt(*thread); !halted)
    return process::refuse(process::Cause::failed,
                           "it does not stop: " + because(halted.error()));
  auto copy = of(*thread);
  (void)thread->detach();
  return copy;
}

}  // namespace memseal::probe
