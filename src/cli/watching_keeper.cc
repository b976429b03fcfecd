// SPDX-License-Identifier: Apache-2.0
#include "cli/watching_keeper.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "keeper/client.h"
#include "keeper/ensure.h"
#include "keeper/start.h"
#include "process/process_view.h"
#include "supervisor/keeper_process.h"
#include "sys/memory.h"
#include "sys/unseen_child.h"

namespace memseal::cli {
namespace {

/// What sealing is for in a process, told from its mappings and the files
/// behind them: Yama would not let us read its memory.
std::vector<report::SealedRange> sealable_ranges(pid_t process) {
  std::vector<report::SealedRange> ranges;
  auto space = process::look_at(process);
  if (!space)
    return ranges;
  for (const process::Object &object : space->objects) {
    for (const process::Segment &segment : object.segments) {
      if (process::is_sealable(segment.kind))
        ranges.push_back({segment.range, object.name, name(segment.kind)});
    }
  }
  return ranges;
}

// keeper::LaunchKeeper is a plain function.
const KeeperJob *next_job = nullptr;

[[noreturn]] void do_job(int channel) {
  supervisor::SealKeeper keeper(sys::page_size(), next_job->on_violation);
  supervisor::ThreadTable threads;
  supervisor::ViolationWatch watch(threads,
                                   {.on_violation = next_job->on_violation,
                                    .tell = next_job->tell,
                                    .ranges_of = sealable_ranges});
  bool served = supervisor::serve_as_keeper(keeper, channel,
                                            next_job->descriptors, &watch);
  if (served && next_job->conclude)
    next_job->conclude(watch.counts());
  _exit(served ? 0 : 1);
}

/// It does not execute, so it needs no parent of its own, and is an orphan
/// where orphans go elsewhere (keeper/start.cc).
Result<long> launch_here(const char *, int channel) {
  const bool orphaned = !sys::adopts_orphans();
  long keeper = sys::fork_unseen();
  if (keeper == 0) {
    if (!orphaned || sys::fork_unseen() == 0)
      do_job(channel);
    _exit(0);
  }
  if (keeper < 0)
    return fail(Errc::system, static_cast<int>(-keeper));
  if (!orphaned)
    return keeper;
  while (waitpid(static_cast<pid_t>(keeper), nullptr, __WALL) < 0 &&
         errno == EINTR) {
  }
  return 0;
}

}  // namespace

Result<void> start_watching_keeper(const KeeperJob &job) {
  switch (keeper::keeper_presence()) {
    case keeper::Presence::enforces:
      return fail(Errc::system, EEXIST);
    case keeper::Presence::watches:
      return fail(Errc::system, EALREADY);
    case keeper::Presence::none:
      break;
  }
  if (!keeper::start_is_survived())
    return fail(Errc::system, ESRCH);
  next_job = &job;
  keeper::TreeRules rules = job.rules;
  if (job.on_violation == OnViolation::permit)
    rules.unjudged = keeper::Unjudged::allowed;
  return keeper::start_keeper("", launch_here, rules);
}

}  // namespace memseal::cli
