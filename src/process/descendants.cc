// SPDX-License-Identifier: Apache-2.0
#include "process/descendants.h"

#include <set>

#include "process/proc_files.h"
#include "process/status.h"

namespace memseal::process {

std::vector<Descendant> descendants(const std::map<pid_t, pid_t> &parents,
                                    pid_t root) {
  std::map<pid_t, std::vector<pid_t>> children;
  for (auto [child, parent] : parents)
    children[parent].push_back(child);
  std::vector<Descendant> found, waiting{{root, 0}};
  std::set<pid_t> seen;
  while (!waiting.empty()) {
    Descendant next = waiting.back();
    waiting.pop_back();
    if (!seen.insert(next.pid).second)
      continue;
    found.push_back(next);
    const std::vector<pid_t> &own = children[next.pid];
    for (auto child = own.rbegin(); child != own.rend(); ++child)
      waiting.push_back({*child, next.depth + 1});
  }
  return found;
}

std::vector<Descendant> living_descendants(pid_t root) {
  std::map<pid_t, pid_t> parents;
  for (pid_t pid : process_ids())
    parents[pid] = parse_status(text_of(pid, "status")).parent;
  return descendants(parents, root);
}

}  // namespace memseal::process
