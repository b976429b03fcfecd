// SPDX-License-Identifier: Apache-2.0
// Reading which pages are sealed (smaps) walks the page tables of the whole
// process, so it is done before and after the threads are stopped, never while
// they are: a seal cannot go away in between.
#include "tracer/attach.h"

#include <fmt/core.h>

#include <cstring>

#include "process/proc_files.h"
#include "sys/memory.h"
#include "tracer/available_engine.h"
#include "tracer/permission.h"
#include "tracer/remote_filter.h"
#include "tracer/remote_register.h"
#include "tracer/stopped_process.h"

namespace memseal::tracer {
namespace {

std::string refused_reading(const process::Process &process,
                            const Error &error) {
  return why_not_traced(process, error.sys_errno);
}

Refusable<process::Process, process::Refusal> look(pid_t pid) {
  auto process = process::Process::look(pid);
  if (!process)
    return process::refuse(process::Cause::vanished,
                           fmt::format("there is no process {}", pid));
  MEMSEAL_TRY_VOID(may_be_attached(*process));
  return *process;
}

Refusable<SealPlan, process::Refusal> make_plan(const process::Process &process,
                                                const process::Mappings &space,
                                                const Wanted &wanted) {
  auto memory = process::RemoteMemory::open(process.pid);
  if (!memory)
    return process::refuse(process::Cause::forbidden,
                           refused_reading(process, memory.error()));
  return plan_seals(space, *memory, Moment::running, wanted);
}

Refusable<process::Mappings, process::Refusal> read_space(
    const process::Process &process, sys::ReadSeals seals) {
  auto space = process::Mappings::read(process.pid, seals);
  if (!space)
    return process::refuse(process::Cause::forbidden,
                           refused_reading(process, space.error()));
  if (space->mappings().empty())
    return process::refuse(
        process::Cause::no_memory,
        fmt::format("process {} ({}) has no memory: a kernel thread, "
                    "or it has ended",
                    process.pid, process.name));
  return std::move(*space);
}

void mark(PlannedRange &planned, bool sealed) {
  planned.seal = sealed ? KernelSeal::present : KernelSeal::absent;
}

/// What of the plan mseal(2) has still to seal.
SealPlan due_natively(const SealPlan &plan,
                      const process::Mappings &with_seals) {
  SealPlan due = plan;
  for (PlannedRange &planned : due.ranges)
    mark(planned, with_seals.all_sealed(planned.range));
  return due;
}

/// What of the plan a filter has still to guard.
SealPlan due_by_filter(const SealPlan &plan,
                       const Result<RemoteRegister> &known) {
  SealPlan due = plan;
  for (PlannedRange &planned : due.ranges)
    mark(planned, known && known->guarded_by_filter(planned.range));
  return due;
}

Result<RemoteRegister> register_of(pid_t pid, const process::Mappings &space) {
  auto memory = MEMSEAL_TRY(process::RemoteMemory::open(pid));
  return RemoteRegister::find(space, memory);
}

/// Sealed before is what everybody who is asked for guards already.
void mark_sealed(SealPlan &plan, Engine engine,
                 const process::Mappings &with_seals,
                 const Result<RemoteRegister> &known) {
  for (PlannedRange &planned : plan.ranges) {
    bool native =
        !engine.has(Engine::native) || with_seals.all_sealed(planned.range);
    bool filter = !engine.has(Engine::filter) ||
                  (known && known->guarded_by_filter(planned.range));
    mark(planned, native && filter);
  }
}

/// One stopped process, and what is to be done to it.
class Work {
public:
  Work(Attached &attached, const StoppedProcess &stopped,
       const process::Mappings &space, const process::RemoteMemory &memory)
      : attached_(attached), space_(space), memory_(memory) {
    for (const Tracee &thread : stopped.threads()) {
      if (thread_ == nullptr && can_be_borrowed(thread, memory))
        thread_ = &thread;
    }
  }

  Refusable<void, process::Refusal> seal_natively(
      std::span<const PageRange> ranges) {
    if (ranges.empty())
      return {};
    MEMSEAL_TRY_VOID(prepare());
    attached_.calls += ranges.size();
    auto refused = seal_through(*thread_, memory_, padding_, ranges);
    if (!refused)
      return process::refuse(process::Cause::failed, sentence(refused.error()));
    attached_.refused = *refused;
    return {};
  }

  Refusable<void, process::Refusal> seal_by_filter(
      std::span<const PageRange> ranges) {
    if (ranges.empty())
      return {};
    MEMSEAL_TRY_VOID(prepare());
    MakeCall make = [this](const RemoteCall &call) -> Result<long> {
      ++attached_.calls;
      auto answers = MEMSEAL_TRY(
          call_through(*thread_, memory_, padding_, std::span(&call, 1)));
      return answers[0];
    };
    auto told = RemoteRegister::find_or_make(make, space_, memory_);
    bool has_base = told && told->base_level() != BaseLevel::none;
    auto installed = install_remote_filter(
        make, attached_.process.pid, ranges, seal_type::all, OnViolation::deny,
        has_base ? Base::left_out : Base::comes_first);
    if (!installed)
      return process::refuse(process::Cause::failed,
                             sentence(installed.error()));
    Result<void> recorded = !told
                                ? std::unexpected(told.error())
                                : told->record(memory_, ranges, seal_type::all,
                                               engines(), installed->installed);
    if (!recorded)
      attached_.untold = std::strerror(recorded.error().to_errno());
    return {};
  }

private:
  Engine engines() const {
    return attached_.refused.empty() ? attached_.engine
                                     : attached_.engine.without(Engine::native);
  }

  Refusable<void, process::Refusal> prepare() {
    const process::Process &process = attached_.process;
    if (thread_ == nullptr)
      return process::refuse(
          process::Cause::failed,
          fmt::format("process {} ({}) has no thread that could make the calls "
                      "now; try again",
                      process.pid, process.name));
    auto padding = find_code_padding(space_, memory_);
    if (!padding)
      return process::refuse(
          process::Cause::failed,
          fmt::format("process {} ({}) has no room for the code that "
                      "seals it",
                      process.pid, process.name));
    padding_ = *padding;
    return {};
  }

  std::string sentence(const Error &error) const {
    return fmt::format("process {} ({}) could not be sealed wholly: {}",
                       attached_.process.pid, attached_.process.name,
                       std::strerror(error.to_errno()));
  }

  Attached &attached_;
  const process::Mappings &space_;
  const process::RemoteMemory &memory_;
  const Tracee *thread_ = nullptr;
  CodePadding padding_;
};

Refusable<void, process::Refusal> work_on(Attached &attached,
                                          const StoppedProcess &stopped,
                                          const process::Mappings &before,
                                          const Wanted &wanted) {
  const process::Process &process = attached.process;
  process::Mappings space =
      MEMSEAL_TRY(read_space(process, sys::ReadSeals::without));
  auto memory = process::RemoteMemory::open(process.pid);
  if (!memory)
    return process::refuse(process::Cause::forbidden,
                           refused_reading(process, memory.error()));
  attached.plan = MEMSEAL_TRY(make_plan(process, space, wanted));
  attached.threads = stopped.size();
  auto known = RemoteRegister::find(space, *memory);
  mark_sealed(attached.plan, attached.engine, before, known);
  Work work(attached, stopped, space, *memory);
  if (attached.engine.has(Engine::native))
    MEMSEAL_TRY_VOID(
        work.seal_natively(due_natively(attached.plan, before).calls()));
  if (attached.engine.has(Engine::filter))
    MEMSEAL_TRY_VOID(
        work.seal_by_filter(due_by_filter(attached.plan, known).calls()));
  return {};
}

}  // namespace

Refusable<Attached, process::Refusal> plan_attach(pid_t pid,
                                                  const Wanted &wanted,
                                                  Engine engine) {
  Attached planned{.process = MEMSEAL_TRY(look(pid))};
  process::Mappings space =
      MEMSEAL_TRY(read_space(planned.process, sys::ReadSeals::with_seals));
  planned.plan = MEMSEAL_TRY(make_plan(planned.process, space, wanted));
  planned.engine = available(engine);
  auto known = register_of(pid, space);
  mark_sealed(planned.plan, planned.engine, space, known);
  planned.threads = process::thread_ids(pid).size();
  planned.calls = planned.plan.calls().size();
  return planned;
}

Refusable<Attached, process::Refusal> attach(pid_t pid, const Wanted &wanted,
                                             Engine engine) {
  if (engine == Engine::native && !sys::has_mseal())
    return process::refuse(
        process::Cause::unsupported,
        "this kernel has no mseal(2) (Linux 6.10); --engine=filter seals "
        "without it, and stays over exec");
  Attached attached{.process = MEMSEAL_TRY(look(pid))};
  attached.engine = available(engine);
  const process::Process &process = attached.process;
  process::Mappings before =
      MEMSEAL_TRY(read_space(process, sys::ReadSeals::with_seals));
  {
    StoppedProcess stopped = MEMSEAL_TRY(StoppedProcess::stop(process));
    MEMSEAL_TRY_VOID(work_on(attached, stopped, before, wanted));
  }
  if (!attached.engine.has(Engine::native))
    return attached;  // the kernel has told that the filter is there
  process::Mappings after =
      MEMSEAL_TRY(read_space(process, sys::ReadSeals::with_seals));
  for (const PlannedRange &planned : attached.plan.ranges) {
    if (!after.all_sealed(planned.range))
      attached.unverified.push_back(planned);
  }
  return attached;
}

}  // namespace memseal::tracer
