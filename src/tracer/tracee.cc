// SPDX-License-Identifier: Apache-2.0
#include "tracer/tracee.h"

#include <elf.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include <cerrno>
#include <chrono>
#include <cstddef>

namespace memseal::tracer {

namespace {

template <typename Address, typename Data>
Result<long> request(__ptrace_request what, pid_t tid, Address address,
                     Data data) {
  if (process::step_observer != nullptr)
    process::step_observer();
  errno = 0;
  long answer = ptrace(what, tid, address, data);
  if (answer == -1 && errno != 0)
    return fail(Errc::system, errno);
  return answer;
}

template <typename Address, typename Data>
Result<void> act(__ptrace_request what, pid_t tid, Address address, Data data) {
  MEMSEAL_TRY(request(what, tid, address, data));
  return {};
}

// ptrace(2), "Syscall-stops" and "PTRACE_EVENT stops".
Stop decode(pid_t tid, int status) {
  if (WIFEXITED(status))
    return {tid, Stop::Kind::exited, WEXITSTATUS(status)};
  if (WIFSIGNALED(status))
    return {tid, Stop::Kind::killed, WTERMSIG(status)};
  int event = status >> 16;
  if (event == PTRACE_EVENT_STOP)
    return {tid, Stop::Kind::halted, WSTOPSIG(status)};
  if (event != 0)
    return {tid, Stop::Kind::event, event};
  if (WSTOPSIG(status) == (SIGTRAP | 0x80))
    return {tid, Stop::Kind::system_call, 0};
  return {tid, Stop::Kind::signal, WSTOPSIG(status)};
}

#if defined(__x86_64__)
constexpr std::size_t debug_register(int index) {
  return offsetof(user, u_debugreg) + sizeof(long) * std::size_t(index);
}
#endif

}  // namespace

Result<Stop> wait_for(pid_t tid) {
  int status = 0;
  pid_t found;
  while ((found = waitpid(tid, &status, __WALL)) < 0) {
    if (errno != EINTR)
      return fail(Errc::system, errno);
  }
  return decode(found, status);
}

Result<Stop> wait_for(pid_t tid, int timeout_ms) {
  constexpr long nap = 20'000;  // ns
  // By the clock: on a busy machine a nap takes ten times as long.
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (Clock::now() < end) {
    int status = 0;
    pid_t found = waitpid(tid, &status, __WALL | WNOHANG);
    if (found < 0 && errno != EINTR)
      return fail(Errc::system, errno);
    if (found > 0)
      return decode(found, status);
    timespec time{0, nap};
    nanosleep(&time, nullptr);
  }
  return fail(Errc::system, ETIMEDOUT);
}

Result<Tracee> Tracee::seize(pid_t tid, unsigned options) {
#if !defined(__x86_64__)
  (void)tid, (void)options;
  return fail(Errc::unsupported);
#else
  MEMSEAL_TRY_VOID(
      act(PTRACE_SEIZE, tid, nullptr, options | PTRACE_O_TRACESYSGOOD));
  return Tracee(tid);
#endif
}

Result<void> Tracee::interrupt() const {
  return act(PTRACE_INTERRUPT, tid_, nullptr, nullptr);
}

Result<void> Tracee::set_options(unsigned options) const {
  return act(PTRACE_SETOPTIONS, tid_, nullptr, options | PTRACE_O_TRACESYSGOOD);
}

Result<void> Tracee::resume(Until until, int signal) const {
  return act(until == Until::event ? PTRACE_CONT : PTRACE_SYSCALL, tid_,
             nullptr, long{signal});
}

Result<void> Tracee::detach(int signal) const {
  return act(PTRACE_DETACH, tid_, nullptr, long{signal});
}

Result<void> Tracee::listen() const {
  return act(PTRACE_LISTEN, tid_, nullptr, nullptr);
}

#if defined(__x86_64__)
Result<Registers> Tracee::registers() const {
  Registers registers;
  iovec where{&registers.raw, sizeof registers.raw};
  MEMSEAL_TRY_VOID(act(PTRACE_GETREGSET, tid_, NT_PRSTATUS, &where));
  if (where.iov_len != sizeof registers.raw)  // a 32-bit process
    return fail(Errc::unsupported);
  return registers;
}

Result<void> Tracee::set_registers(const Registers &registers) const {
  Registers copy = registers;
  iovec where{&copy.raw, sizeof copy.raw};
  return act(PTRACE_SETREGSET, tid_, NT_PRSTATUS, &where);
}

Result<void> Tracee::set_hardware_breakpoint(
    process::RemoteAddress address) const {
  // DR7 = 1: register 0, this thread, on execution of one byte.
  MEMSEAL_TRY_VOID(
      act(PTRACE_POKEUSER, tid_, debug_register(0), address.value));
  return act(PTRACE_POKEUSER, tid_, debug_register(7), 1L);
}

Result<void> Tracee::clear_hardware_breakpoint() const {
  MEMSEAL_TRY_VOID(act(PTRACE_POKEUSER, tid_, debug_register(7), 0L));
  return act(PTRACE_POKEUSER, tid_, debug_register(0), 0L);
}
#else
Result<Registers> Tracee::registers() const {
  return fail(Errc::unsupported);
}
Result<void> Tracee::set_registers(const Registers &) const {
  return fail(Errc::unsupported);
}
Result<void> Tracee::set_hardware_breakpoint(process::RemoteAddress) const {
  return fail(Errc::unsupported);
}
Result<void> Tracee::clear_hardware_breakpoint() const {
  return fail(Errc::unsupported);
}
#endif

Result<std::uint64_t> Tracee::signal_mask() const {
  std::uint64_t mask = 0;
  MEMSEAL_TRY_VOID(act(PTRACE_GETSIGMASK, tid_, sizeof mask, &mask));
  return mask;
}

Result<void> Tracee::set_signal_mask(std::uint64_t mask) const {
  return act(PTRACE_SETSIGMASK, tid_, sizeof mask, &mask);
}

Result<std::uint64_t> Tracee::event_message() const {
  unsigned long message = 0;
  MEMSEAL_TRY_VOID(act(PTRACE_GETEVENTMSG, tid_, nullptr, &message));
  return std::uint64_t{message};
}

}  // namespace memseal::tracer
