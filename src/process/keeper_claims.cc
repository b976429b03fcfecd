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
/// Of all keepers together: 32 MiB.
constexpr std::size_t most_images = 4 * most_kept_images;

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
  std::size_t room = most_images;
  for (pid_t pid : pids) {
    if (!listens(pid, descriptors_of(pid)))
      continue;
    Keeper keeper{pid, kept_images_of(pid)};
    if (keeper.images.size() > room)
      return;
    room -= keeper.images.size();
    keepers_->push_back(std::move(keeper));
  }
}

KeeperClaim Keepers::of(pid_t pid, int seccomp_mode) {
  if (seccomp_mode != filter_mode)
    return {.doubt = "the kernel knows of no seccomp filter in this process"};
  if (!keepers_)
    find_all();
  ImageIdentity image = identity_of(text_of(pid, "auxv"));
  for (const Keeper &keeper : *keepers_)
    if (image != 0 && std::ranges::binary_search(keeper.images, image))
      return {.keeper = keeper.pid, .doubt = {}};
  return {.doubt = some_hidden_ ? "a keeper is there that only root may look at"
                                : "no living keeper was found that knows it"};
}

}  // namespace memseal::process
