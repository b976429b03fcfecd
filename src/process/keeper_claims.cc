// SPDX-License-Identifier: Apache-2.0
#include "process/keeper_claims.h"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <set>
#include <vector>

#include "process/proc_files.h"

namespace memseal::process {
namespace {

constexpr int most_ancestors = 256;

/// The process and those it descends from.
std::set<int> family_of(int pid) {
  std::set<int> family;
  for (int i = 0; i < most_ancestors && pid > 1; ++i) {
    family.insert(pid);
    FileText status = read_process_file(pid, "status");
    std::string_view parent = find_status_field(status.bytes, "PPid");
    pid = 0;
    std::from_chars(parent.data(), parent.data() + parent.size(), pid);
  }
  return family;
}

bool is_keeper(int pid) {
  return read_process_file(pid, "comm").bytes == "memseal-keeper\n" &&
         read_process_link(pid, "exe").find("/memseal-tool") !=
             std::string::npos;
}

/// What the descriptors of a process lead to; nothing if they may not be seen.
std::vector<std::string> links_of(int pid) {
  std::vector<std::string> links;
  std::string folder = fmt::format("/proc/{}/fd", pid);
  DIR *directory = opendir(folder.c_str());
  if (directory == nullptr)
    return links;
  while (const dirent *entry = readdir(directory)) {
    std::string link = read_link(fmt::format("{}/{}", folder, entry->d_name));
    if (!link.empty())
      links.push_back(std::move(link));
  }
  closedir(directory);
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
