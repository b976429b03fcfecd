// SPDX-License-Identifier: Apache-2.0
#include "tracer/remote_calls.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "tracer/call_instruction.h"

namespace memseal::tracer {

Result<RemoteCalls> RemoteCalls::begin(const Tracee &thread,
                                       const process::Mappings &space,
                                       const process::RemoteMemory &memory) {
  process::RemoteAddress site =
      MEMSEAL_TRY(find_call_instruction(space, memory));
  Registers saved = MEMSEAL_TRY(thread.registers());
  std::uint64_t mask = MEMSEAL_TRY(thread.signal_mask());
  // No handler may run on registers that are not the program's.
  MEMSEAL_TRY_VOID(thread.set_signal_mask(~std::uint64_t{0}));
  return RemoteCalls(thread, site, saved, mask);
}

Result<long> RemoteCalls::call(long number,
                               std::array<std::uint64_t, 6> arguments) {
  Registers there = saved_;
  there.set_call(number, arguments);
  there.set_program_counter(site_);
  MEMSEAL_TRY_VOID(thread_.set_registers(there));
  MEMSEAL_TRY_VOID(go_to_next_call_stop());  // in
  MEMSEAL_TRY_VOID(go_to_next_call_stop());  // out
  Registers now = MEMSEAL_TRY(thread_.registers());
  // A call that did not run would seem to have answered 0.
  if (now.program_counter() != site_ + system_call_instruction.size() ||
      now.system_call() != number)
    return fail(Errc::malformed);
  return now.answer();
}

Result<void> RemoteCalls::go_to_next_call_stop() {
  for (;;) {
    MEMSEAL_TRY_VOID(thread_.resume(Until::system_call));
    Stop stop = MEMSEAL_TRY(wait_for(thread_.tid()));
    if (stop.ended())
      return fail(Errc::system, ESRCH);
    if (stop.kind == Stop::Kind::system_call)
      return {};
    if (stop.kind == Stop::Kind::signal)  // SIGSTOP: nobody can block it
      held_.push_back(stop.detail);
  }
}

Result<void> RemoteCalls::restore() {
  MEMSEAL_TRY_VOID(thread_.set_registers(saved_));
  MEMSEAL_TRY_VOID(thread_.set_signal_mask(mask_));
  for (int signal : held_)
    syscall(SYS_tkill, thread_.tid(), signal);
  held_.clear();
  return {};
}

}  // namespace memseal::tracer
