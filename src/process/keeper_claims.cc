// SPDX-License-Identifier: Apache-2.0
#include "process/keeper_claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "process/proc_files.h"
#include "process/status.h"

namespace memseal::process {
namespace {

constexpr int most_ancestors = 256;

/// The process and those it descends from.
std::set<int> family_of(int pid) {
  std::set<int> family;
  for (int i = 0; i < most_ancestors && pid > 1; ++i) {
    family.insert(pid);
    pid = parse_status(text_of(pid, "status")).parent;
  }
  return family;
}

bool is_keeper(int pid) {
  return text_of(pid, "comm") == "memseal-keeper\n" &&
         read_process_link(pid, "exe").find("/memseal-tool") !=
             std::string::npos;
}

/// What the descriptors of a process lead to; nothing if they may not be seen.
std::vector<std::string> links_of(int pid) {
  std::vector<std::string> links;
  for (int descriptor : descriptors_of(pid)) {
    std::string link =
        read_link(fmt::format("/proc/{}/fd/{}", pid, descriptor));
    if (!link.empty())
      links.push_back(std::move(link));
  }
  return links;
}

/// Whether a keeper with these descriptors looks after one of the processes. A
/// link to the memory of a process that is gone ends with " (deleted)".
bool looks_after(const std::vector<std::string> &links,
                 const std::set<int> &family) {
  bool listens =
      std::ranges::find(links, "anon_inode:seccomp notify") != links.end();
  return listens && std::ranges::any_of(family, [&](int pid) {
           return std::ranges::find(links, fmt::format("/proc/{}/pagemap",
                                                       pid)) != links.end();
         });
}

}  // namespace

KeeperClaim find_keeper(int pid, int seccomp_mode) {
  if (seccomp_mode != 2)
    return {.doubt = "the kernel knows of no seccomp filter in this process"};
  std::set<int> family = family_of(pid);
  bool hidden = false;
  for (int other : process_ids()) {
    if (!is_keeper(other))
      continue;
    std::vector<std::string> links = links_of(other);
    hidden = hidden || links.empty();
    if (looks_after(links, family))
      return {.keeper = other, .doubt = {}};
  }
  return {.doubt = hidden ? "there are keepers that only root may look at"
                          : "no living keeper was found that knows it"};
}

}  // namespace memseal::process
