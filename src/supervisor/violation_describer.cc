// SPDX-License-Identifier: Apache-2.0
#include "supervisor/violation_describer.h"

#include <algorithm>

#include "process/proc_files.h"
#include "supervisor/call_text.h"

namespace memseal::supervisor {
namespace {

using report::SealedRange;
using report::Violation;

Address begin_of_object(const std::vector<SealedRange> &all,
                        const SealedRange &inside) {
  Address first = inside.range.begin();
  for (const SealedRange &sealed : all) {
    if (sealed.object == inside.object)
      first = std::min(first, sealed.range.begin());
  }
  return first;
}

}  // namespace

void locate(const MemoryCall &call, const std::vector<SealedRange> &all,
            Violation &violation) {
  for (PageRange touched : call.ranges) {
    for (const SealedRange &sealed : all) {
      if (!sealed.range.overlaps(touched))
        continue;
      violation.sealed = &sealed;
      violation.touched = sealed.range.intersection(touched);
      violation.offset =
          violation.touched->begin() - begin_of_object(all, sealed);
      return;
    }
  }
}

ViolationDescriber::Known &ViolationDescriber::known_of(pid_t process,
                                                        std::uint64_t version) {
  // A program that forks without end must not fill our memory.
  if (known_.size() > 16 && !known_.contains(process))
    known_.clear();
  Known &known = known_[process];
  if (known.callers == nullptr || known.version != version)
    known = {version, process::read_process_link(process, "exe"),
             ranges_of_(process), std::make_unique<Callers>(process)};
  return known;
}

Violation ViolationDescriber::describe(pid_t thread, const seccomp_data &data,
                                       const MemoryCall &call,
                                       std::uint64_t version) {
  ThreadPosition position;
  const ThreadFiles &files = threads_.of(thread, position);
  Known &known = known_of(files.process(), version);
  Violation violation;
  violation.time = report::Timestamp::now();
  violation.pid = files.process();
  violation.tid = thread;
  violation.program = known.program;
  violation.thread = files.name();
  violation.call = call_name(data);
  violation.text = call_text(data);
  locate(call, known.sealed, violation);
  violation.callers = &known.callers->of(thread, position);
  return violation;
}

}  // namespace memseal::supervisor
