// SPDX-License-Identifier: Apache-2.0
// RLIMIT_AS in a tree whose images have a fence (loader/fence.h).
//
// Problem. The fence is address space, though no memory: a shell that says
// `ulimit -v` would have used its limit up at once. The limit is inherited by
// what the shell executes, which has no fence yet.
//
// Idea. The limit is set to what was asked for and the fence. When an image
// begins under such a limit, it gets the one that was asked for; then its
// loader module finds no room for a fence, and it is asked about everything.
//
// Not seen: a static program, which no module of ours begins, keeps the larger
// limit; getrlimit(2) tells the larger one.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <map>

#include "memseal/page_range.h"
#include "supervisor/verdict.h"

struct seccomp_data;

namespace memseal::supervisor {

class MemoryLimits {
public:
  /// A thread sets RLIMIT_AS of its process; the fence begins at `border`.
  /// Where we may not do it in its place, the call goes on as it is.
  Verdict set(pid_t thread, const seccomp_data &data, Address border,
              std::size_t page);
  /// The thread's image begins.
  void begin(pid_t thread) const;

private:
  std::map<std::uint64_t, rlimit> asked_;  ///< by the limit that was set
};

}  // namespace memseal::supervisor
