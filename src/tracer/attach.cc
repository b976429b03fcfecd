// SPDX-License-Identifier: Apache-2.0
// Reading which pages are sealed (smaps) walks the page tables of the whole
// process, so it is done before and after the threads are stopped, never while
// they are: a seal cannot go away in between.
#include "tracer/attach.h"

#include <fmt/core.h>

#include <cstring>

#include "sys/memory.h"
#include "tracer/stopped_process.h"

namespace memseal::tracer {
namespace {

std::string refused_reading(const Process &process, const Error &error) {
  return why_not_traced(process, error.sys_errno);
}

Attempt<Process> look(pid_t pid) {
  auto process = Process::look(pid);
  if (!process)
    return refuse(fmt::format("there is no process {}", pid));
  MEMSEAL_TRY_VOID(may_be_attached(*process));
  return *process;
}

Attempt<SealPlan> make_plan(const Process &process, const AddressSpace &space,
                            const Selects &selects) {
  auto memory = RemoteMemory::open(process.pid);
  if (!memory)
    return refuse(refused_reading(process, memory.error()));
  return plan_seals(space, *memory, Moment::running, selects);
}

Attempt<AddressSpace> read_space(const Process &process, sys::ReadSeals seals) {
  auto space = AddressSpace::read(process.pid, seals);
  if (!space)
    return refuse(refused_reading(process, space.error()));
  if (space->mappings().empty())
    return refuse(
        fmt::format("process {} ({}) has no memory: a kernel thread, "
                    "or it has ended",
                    process.pid, process.name));
  return std::move(*space);
}

void mark_sealed(SealPlan &plan, const AddressSpace &with_seals) {
  for (PlannedRange &planned : plan.ranges)
    planned.seal = with_seals.all_sealed(planned.range) ? KernelSeal::present
                                                        : KernelSeal::absent;
}

Attempt<void> seal_all(Attached &attached, StoppedProcess &stopped,
                       const AddressSpace &space) {
  const Process &process = attached.process;
  std::vector<PageRange> calls = attached.plan.calls();
  attached.calls = calls.size();
  if (calls.empty())
    return {};
  auto memory = RemoteMemory::open(process.pid);
  if (!memory)
    return refuse(refused_reading(process, memory.error()));
  auto room = find_room(space, *memory);
  if (!room)
    return refuse(
        fmt::format("process {} ({}) has no room for the code that "
                    "seals it",
                    process.pid, process.name));
  for (const Tracee &thread : stopped.threads()) {
    if (!can_be_borrowed(thread, *memory))
      continue;
    auto refused = seal_through(thread, *memory, *room, calls);
    if (!refused)
      return refuse(fmt::format(
          "process {} ({}) could not be sealed wholly: {}", process.pid,
          process.name, std::strerror(refused.error().to_errno())));
    attached.refused = *refused;
    return {};
  }
  return refuse(
      fmt::format("process {} ({}) has no thread that can be borrowed "
                  "now; try again",
                  process.pid, process.name));
}

}  // namespace

Attempt<Attached> plan_attach(pid_t pid, const Selects &selects) {
  Attached planned{.process = MEMSEAL_TRY(look(pid))};
  AddressSpace space =
      MEMSEAL_TRY(read_space(planned.process, sys::ReadSeals::with_seals));
  planned.plan = MEMSEAL_TRY(make_plan(planned.process, space, selects));
  mark_sealed(planned.plan, space);
  planned.threads = planned.process.threads().size();
  planned.calls = planned.plan.calls().size();
  return planned;
}

Attempt<Attached> attach(pid_t pid, const Selects &selects) {
  if (!sys::has_mseal())
    return refuse(
        "this kernel has no mseal(2) (Linux 6.10), and a running "
        "process can be sealed by nothing else");
  Attached attached{.process = MEMSEAL_TRY(look(pid))};
  const Process &process = attached.process;
  AddressSpace before =
      MEMSEAL_TRY(read_space(process, sys::ReadSeals::with_seals));
  {
    StoppedProcess stopped = MEMSEAL_TRY(StoppedProcess::stop(process));
    AddressSpace space =
        MEMSEAL_TRY(read_space(process, sys::ReadSeals::without));
    attached.plan = MEMSEAL_TRY(make_plan(process, space, selects));
    mark_sealed(attached.plan, before);
    attached.threads = stopped.size();
    MEMSEAL_TRY_VOID(seal_all(attached, stopped, space));
  }
  AddressSpace after =
      MEMSEAL_TRY(read_space(process, sys::ReadSeals::with_seals));
  for (const PlannedRange &planned : attached.plan.ranges) {
    if (!after.all_sealed(planned.range))
      attached.unverified.push_back(planned);
  }
  return attached;
}

}  // namespace memseal::tracer
