// SPDX-License-Identifier: Apache-2.0
#include "tracer/exec_seal.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "process/process.h"
#include "sys/memory.h"
#include "sys/syscall.h"
#include "tracer/available_engine.h"
#include "tracer/loaded_object.h"
#include "tracer/remote_calls.h"
#include "tracer/remote_filter.h"
#include "tracer/remote_register.h"

namespace memseal::tracer {
namespace {

// glibc protects RELRO with its sixth call or so. A program that has made this
// many stops (two a call) without it never will.
constexpr int most_stops = 64;

/// The value of an AT_ entry of another process, 0 if it has none.
std::uint64_t auxiliary_value_of(pid_t pid, std::uint64_t type) {
  std::uint64_t vector[128] = {};
  int fd =
      open(fmt::format("/proc/{}/auxv", pid).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  [[maybe_unused]] ssize_t size = read(fd, vector, sizeof vector);
  close(fd);
  for (std::size_t i = 0; i + 1 < std::size(vector); i += 2) {
    if (vector[i] == AT_NULL)
      break;
    if (vector[i] == type)
      return vector[i + 1];
  }
  return 0;
}

/// Start-up is over when the program makes one of these.
bool ends_start_up(long number) {
  constexpr long calls[] = {SYS_clone,        SYS_clone3, SYS_execve,
                            SYS_execveat,     SYS_exit,   SYS_exit_group,
#ifdef SYS_fork
                            SYS_fork,         SYS_vfork,
#endif
                            SYS_rt_sigaction, SYS_write,  SYS_writev};
  return std::ranges::find(calls, number) != std::end(calls);
}

bool seals_natively(const LaunchOptions &options) {
  return available(options.engine).has(Engine::native);
}

}  // namespace

ExecSeal::ExecSeal(const Tracee &thread, const LaunchOptions &options)
    : thread_(thread), options_(options), stops_left_(most_stops) {
  launched_.pid = thread.tid();
  if (auto process = process::Process::look(thread.tid()))
    launched_.program = process->program;
}

ExecSeal::Next ExecSeal::at_exec() {
  seal(Moment::exec);
  entry_ = {auxiliary_value_of(thread_.tid(), AT_ENTRY)};
  auto space = process::Mappings::read(thread_.tid(), sys::ReadSeals::without);
  auto memory = process::RemoteMemory::open(thread_.tid());
  if (!space || !memory || entry_ == process::RemoteAddress{})
    return finish();
  auto program = loaded_object_around(*space, *memory, entry_.value);
  if (program && program->has_interpreter)
    return wait_for_entry(entry_);
  return wait_for_relro(*space, *memory);
}

ExecSeal::Next ExecSeal::wait_for_entry(process::RemoteAddress entry) {
  if (thread_.set_hardware_breakpoint(entry))
    return Next::wait_for_entry;
  launched_.failure =
      "no hardware breakpoint is available, so libraries and RELRO stay "
      "unsealed";
  return finish();
}

ExecSeal::Next ExecSeal::wait_for_relro(const process::Mappings &space,
                                        const process::RemoteMemory &memory) {
  if (options_.wanted.segments.relro)
    relro_ = relro_of(space, memory, entry_.value);
  return relro_.empty() ? finish() : Next::watch_calls;
}

bool ExecSeal::protects_relro(const Registers &registers) const {
  std::uint64_t begin = registers.argument(0);
  std::uint64_t end = begin + registers.argument(1);
  return registers.system_call() == SYS_mprotect && registers.answer() == 0 &&
         registers.argument(2) == PROT_READ && begin <= relro_[0].begin() &&
         relro_[0].end() <= end;
}

ExecSeal::Next ExecSeal::at_call() {
  inside_call_ = !inside_call_;
  auto registers = thread_.registers();
  if (!registers)
    return finish();
  bool over = --stops_left_ == 0 ||
              (inside_call_ && ends_start_up(registers->system_call()));
  if (!over && (inside_call_ || !protects_relro(*registers)))
    return Next::watch_calls;
  if (!over)
    seal(Moment::running);
  else
    launched_.left_out.push_back(
        {"relro", launched_.program, {report::Reason::never_protected}});
  return finish();
}

bool ExecSeal::is_at_entry() const {
  auto registers = thread_.registers();
  return registers && registers->program_counter() == entry_;
}

ExecSeal::Next ExecSeal::at_entry() {
  static_cast<void>(thread_.clear_hardware_breakpoint());
  seal(Moment::running);
  return finish();
}

void ExecSeal::seal(Moment moment) {
  auto space = process::Mappings::read(thread_.tid(), sys::ReadSeals::without);
  auto memory = process::RemoteMemory::open(thread_.tid());
  if (!space || !memory) {
    launched_.failure = "its mappings cannot be read";
    return;
  }
  SealPlan plan = plan_seals(*space, *memory, moment, options_.wanted);
  if (auto made = make_calls(*space, *memory, plan); !made)
    launched_.failure = made.error().sentence();
  launched_.left_out = std::move(plan.left_out);
}

Result<void> ExecSeal::make_calls(const process::Mappings &space,
                                  const process::RemoteMemory &memory,
                                  const SealPlan &plan) {
  // What the exec stop sealed need not be sealed again.
  SealPlan fresh;
  for (const PlannedRange &planned : plan.ranges) {
    if (std::ranges::find(launched_.sealed, planned.range,
                          &PlannedRange::range) == launched_.sealed.end())
      fresh.ranges.push_back(planned);
  }
  if (!seals_natively(options_)) {
    std::ranges::move(fresh.ranges, std::back_inserter(launched_.sealed));
    return {};
  }
  std::vector<PageRange> failed;
  RemoteCalls calls = MEMSEAL_TRY(RemoteCalls::begin(thread_, space, memory));
  for (PageRange range : fresh.calls()) {
    long answer = MEMSEAL_TRY(
        calls.call(sys::nr_mseal, {range.begin(), range.size(), 0, 0, 0, 0}));
    if (answer != 0) {
      note_failure(range, answer);
      failed.push_back(range);
    }
  }
  for (PlannedRange &planned : fresh.ranges) {
    if (std::ranges::none_of(failed, [&](PageRange range) {
          return range.contains(planned.range);
        }))
      launched_.sealed.push_back(std::move(planned));
  }
  return calls.restore();
}

void ExecSeal::note_failure(const PageRange &range, long answer) {
  launched_.failure = fmt::format("{:x}-{:x} was refused: {}", range.begin(),
                                  range.end(), std::strerror(int(-answer)));
}

void ExecSeal::note_no_filter(const Error &error) {
  launched_.failure =
      fmt::format("no filter could be installed: {}",
                  error.code == Errc::system ? std::strerror(error.sys_errno)
                                             : error.sentence());
  if (!launched_.engine.has(Engine::native))
    launched_.sealed.clear();
}

Result<void> ExecSeal::install_filter() {
  auto space = MEMSEAL_TRY(
      process::Mappings::read(thread_.tid(), sys::ReadSeals::without));
  auto memory = MEMSEAL_TRY(process::RemoteMemory::open(thread_.tid()));
  auto calls = MEMSEAL_TRY(RemoteCalls::begin(thread_, space, memory));
  MakeCall make = [&](const RemoteCall &call) {
    return calls.call(call.number, call.arguments);
  };
  SealPlan plan{.ranges = launched_.sealed, .left_out = {}};
  std::vector<PageRange> ranges = plan.calls();
  bool only_watches = options_.on_violation == OnViolation::permit;
  // Only `memseal status` needs it, so a failure is none of the seal.
  auto told = only_watches ? Result<RemoteRegister>(fail(Errc::unsupported))
                           : RemoteRegister::find_or_make(make, space, memory);
  auto installed = install_remote_filter(
      make, thread_.tid(), ranges, options_.wanted.types, options_.on_violation,
      only_watches ? Base::left_out : Base::comes_first);
  if (installed && told) {
    static_cast<void>(told->record(memory, ranges, options_.wanted.types,
                                   launched_.engine | Engine::filter,
                                   installed->installed));
  }
  MEMSEAL_TRY_VOID(calls.restore());
  listener_ = MEMSEAL_TRY(installed).listener;
  return {};
}

ExecSeal::Next ExecSeal::finish() {
  if (seals_natively(options_))
    launched_.engine = Engine::native;
  if (options_.engine.has(Engine::filter) && !launched_.sealed.empty()) {
    auto installed = install_filter();
    if (installed)
      launched_.engine = launched_.engine | Engine::filter;
    else
      note_no_filter(installed.error());
  }
  bool told = !options_.report || options_.report(launched_);
  bool failed = !told || !launched_.failure.empty();
  if (failed && options_.on_failure == OnFailure::exits_125) {
    auto space =
        process::Mappings::read(thread_.tid(), sys::ReadSeals::without);
    auto memory = process::RemoteMemory::open(thread_.tid());
    if (space && memory) {
      if (auto calls = RemoteCalls::begin(thread_, *space, *memory))
        static_cast<void>(calls->call(SYS_exit_group, {125, 0, 0, 0, 0, 0}));
    }
    kill(thread_.tid(), SIGKILL);  // if it is still there
  }
  return Next::done;
}

}  // namespace memseal::tracer
