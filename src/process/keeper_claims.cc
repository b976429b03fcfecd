// SPDX-License-Identifier: Apache-2.0
#include "process/keeper_claims.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "process/proc_files.h"
#include "process/status.h"

namespace memseal::process {
namespace {

constexpr int filter_mode = 2;
/// Of all keepers together: 64 MiB.
constexpr std::size_t most_seals = 2 * most_kept_seals;

bool is_named_so(pid_t pid) {
  return text_of(pid, "comm") == "memseal-keeper\n";
}

/// Of one that is named so.
bool is_keeper(pid_t pid) {
  return read_process_link(pid, "exe").find("/memseal-tool") !=
         std::string::npos;
}

/// Of one that is named so: it may not be looked into. Not of one that is
/// ending, which has neither a file nor descriptors any more.
bool is_hidden(pid_t pid) {
  std::string fds = fmt::format("/proc/{}/fd", pid);
  return access(fds.c_str(), R_OK) != 0 && errno == EACCES;
}

bool is_ours_or_roots(pid_t pid) {
  Ids user = parse_status(text_of(pid, "status")).user;
  return user.known && (user.effective == 0 || user.effective == geteuid());
}

bool listens(pid_t pid, const std::vector<int> &descriptors) {
  return std::ranges::any_of(descriptors, [=](int descriptor) {
    return read_link(fmt::format("/proc/{}/fd/{}", pid, descriptor)) ==
           "anon_inode:seccomp notify";
  });
}

}  // namespace

void Keepers::find_all() {
  keepers_.emplace();
  std::vector<pid_t> pids = process_ids();
  std::erase_if(pids, [](pid_t pid) { return !is_named_so(pid); });
  some_hidden_ = std::ranges::any_of(pids, is_hidden);
  std::erase_if(pids, [](pid_t pid) { return !is_keeper(pid); });
  // Anybody can make processes that look like keepers with long lists: those of
  // others come last, when there may be no room for them any more.
  std::ranges::stable_partition(pids, is_ours_or_roots);
  std::size_t room = most_seals;
  for (pid_t pid : pids) {
    if (!listens(pid, descriptors_of(pid)))
      continue;
    Keeper keeper{pid, KeptImages::of(pid)};
    if (keeper.images.size() > room)
      return;
    room -= keeper.images.size();
    keepers_->push_back(std::move(keeper));
  }
}

KeeperClaim Keepers::of(const Mappings &mappings, int seccomp_mode) {
  std::vector<FoundIdentity> found = identities_in(mappings);
  if (found.empty())
    return {};
  if (seccomp_mode == filter_mode && !keepers_)
    find_all();
  for (auto [image, named] : found) {
    if (seccomp_mode != filter_mode)
      break;
    for (const Keeper &keeper : *keepers_) {
      if (keeper.images.holds(image))
        return {.keeper = keeper.pid,
                .doubt = {},
                .sealed = keeper.images.sealed_in(image)};
    }
  }
  // Shared memory that nobody may read is not always a keeper's.
  if (!std::ranges::any_of(found, &FoundIdentity::named))
    return {};
  if (seccomp_mode != filter_mode)
    return {.doubt = "the kernel knows of no seccomp filter in this process",
            .sealed = {}};
  return {.doubt = some_hidden_ ? "a keeper is there that only root may look at"
                                : "no living keeper was found that knows it",
          .sealed = {}};
}

}  // namespace memseal::process
