// SPDX-License-Identifier: Apache-2.0
#include "tracer/remote_call_sequence.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "sys/syscall.h"
#include "tracer/stopped_process.h"

namespace memseal::tracer {
namespace {

class RemoteCallSequence {
public:
  RemoteCallSequence(const Tracee &thread, const process::RemoteMemory &memory,
                     CodePadding padding, std::span<const RemoteCall> calls)
      : thread_(thread), memory_(memory), padding_(padding), left_(calls) {}

  Result<std::vector<long>> make() {
    // Each signal in the middle costs one try, and each try gets on.
    for (int tries = 0; !left_.empty(); ++tries) {
      if (tries == 1000)
        return fail(Errc::system, EINTR);
      std::size_t most = CallStub::capacity(padding_.size);
      MEMSEAL_TRY_VOID(try_once(left_.first(std::min(most, left_.size()))));
    }
    return answers_;
  }

private:
  Result<void> try_once(std::span<const RemoteCall> calls) {
    Registers original = MEMSEAL_TRY(thread_.registers());
    CallStub stub(padding_.begin, calls, original.restarted());
    MEMSEAL_TRY_VOID(memory_.write(padding_.begin, stub.bytes()));

    Registers in_stub = original;
    in_stub.set_program_counter(stub.entry());
    in_stub.set_no_system_call();
    MEMSEAL_TRY_VOID(thread_.set_registers(in_stub));
    int signal = MEMSEAL_TRY(follow(stub, calls.size()));
    MEMSEAL_TRY_VOID(restore(original, signal));

    std::vector<std::byte> zeros(stub.bytes().size());
    return memory_.write(padding_.begin, zeros);
  }

  /// Lets the thread make the calls. Returns the signal that stopped it first,
  /// or 0: then it is past the last call.
  Result<int> follow(const CallStub &stub, std::size_t calls) {
    bool inside = false;
    for (std::size_t made = 0; made < calls;) {
      MEMSEAL_TRY_VOID(thread_.resume(Until::system_call));
      Stop stop = MEMSEAL_TRY(wait_for(thread_.tid()));
      if (stop.ended())
        return fail(Errc::system, ESRCH);
      if (stop.kind == Stop::Kind::signal)
        return stop.detail;
      if (stop.kind != Stop::Kind::system_call)
        continue;
      inside = !inside;
      if (inside)
        continue;
      Registers now = MEMSEAL_TRY(thread_.registers());
      // Else it was another call than ours, and its result says nothing.
      if (now.program_counter() != stub.after_call())
        return fail(Errc::malformed);
      answers_.push_back(now.answer());
      ++made;
      left_ = left_.subspan(1);
    }
    return 0;
  }

  /// The registers as they were, an interrupted call included, at a stop where
  /// the kernel looks for one: before a signal, or at a halt.
  Result<void> restore(const Registers &original, int signal) {
    if (signal != 0) {
      MEMSEAL_TRY_VOID(thread_.set_registers(original));
      MEMSEAL_TRY_VOID(thread_.resume(Until::event, signal));
      return halt(thread_);
    }
    MEMSEAL_TRY_VOID(thread_.interrupt());
    MEMSEAL_TRY_VOID(thread_.resume(Until::event));
    Stop stop = MEMSEAL_TRY(wait_for(thread_.tid()));
    if (stop.ended())
      return fail(Errc::system, ESRCH);
    MEMSEAL_TRY_VOID(thread_.set_registers(original));
    if (stop.kind == Stop::Kind::halted)
      return {};
    MEMSEAL_TRY_VOID(thread_.resume(
        Until::event, stop.kind == Stop::Kind::signal ? stop.detail : 0));
    return halt(thread_);
  }

  const Tracee &thread_;
  const process::RemoteMemory &memory_;
  CodePadding padding_;
  std::span<const RemoteCall> left_;
  std::vector<long> answers_;
};

}  // namespace

bool can_be_borrowed(const Tracee &thread,
                     const process::RemoteMemory &memory) {
  auto registers = thread.registers();
  if (!registers)
    return false;
  Registers after = registers->restarted();
  if (after.program_counter() == registers->program_counter())
    return true;
  auto instruction =
      memory.read_value<std::array<unsigned char, 2>>(after.program_counter());
  return instruction && *instruction == system_call_instruction;
}

Result<std::vector<long>> call_through(const Tracee &thread,
                                       const process::RemoteMemory &memory,
                                       CodePadding padding,
                                       std::span<const RemoteCall> calls) {
  return RemoteCallSequence(thread, memory, padding, calls).make();
}

Result<std::vector<Unsealed>> seal_through(const Tracee &thread,
                                           const process::RemoteMemory &memory,
                                           CodePadding padding,
                                           std::span<const PageRange> ranges) {
  std::vector<RemoteCall> calls;
  for (PageRange range : ranges)
    calls.push_back({sys::nr_mseal, {range.begin(), range.size()}});
  auto answers = MEMSEAL_TRY(call_through(thread, memory, padding, calls));
  std::vector<Unsealed> refused;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (answers[i] < 0)
      refused.push_back({ranges[i], static_cast<int>(-answers[i])});
  }
  return refused;
}

}  // namespace memseal::tracer
