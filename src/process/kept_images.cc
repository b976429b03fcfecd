// SPDX-License-Identifier: Apache-2.0
#include "process/kept_images.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "keeper/protocol.h"
#include "process/memfd.h"
#include "process/proc_files.h"

namespace memseal::process {
namespace {

constexpr std::size_t nothing = ~std::size_t{0};
/// A list that a stranger made could name the same ranges again and again.
constexpr std::size_t most_ranges = 65536;

/// Opens a link in /proc that leads to a memfd; -1 if it leads elsewhere by
/// now: to something that does not answer at once, say.
int open_memfd(const std::string &link) {
  int place = open(link.c_str(), O_PATH | O_CLOEXEC);
  struct stat status {};
  bool is_memfd =
      place >= 0 && fstat(place, &status) == 0 && is_on_memfds(status.st_dev);
  int fd = is_memfd ? open(fmt::format("/proc/self/fd/{}", place).c_str(),
                           O_RDONLY | O_CLOEXEC)
                    : -1;
  if (place >= 0)
    close(place);
  return fd;
}

std::vector<KeptSeal> read_seals(int fd) {
  std::vector<KeptSeal> seals;
  struct stat status {};
  if (fstat(fd, &status) != 0 || status.st_size <= 0)
    return seals;
  seals.resize(
      std::min(static_cast<std::size_t>(status.st_size) / sizeof(KeptSeal),
               most_kept_seals));
  ssize_t size = pread(fd, seals.data(), seals.size() * sizeof seals[0], 0);
  seals.resize(size > 0 ? static_cast<std::size_t>(size) / sizeof seals[0] : 0);
  return seals;
}

/// Ascending, and those that touch made one.
std::vector<PageRange> joined(std::vector<PageRange> ranges) {
  std::ranges::sort(ranges, {}, &PageRange::begin);
  std::vector<PageRange> all;
  for (PageRange range : ranges) {
    if (all.empty() || range.begin() > all.back().end()) {
      all.push_back(range);
      continue;
    }
    Address begin = all.back().begin();
    Address end = std::max(all.back().end(), range.end());
    all.back() = *PageRange::create(begin, end - begin, 1);
  }
  return all;
}

}  // namespace

std::vector<FoundIdentity> identities_in(const Mappings &mappings) {
  std::vector<FoundIdentity> found;
  for (const Mapping &mapping : mappings.mappings()) {
    if (mapping.inode == 0 || mapping.sharing != Sharing::shared ||
        !mapping.protection.none())
      continue;
    const bool named = mapping.name == keeper::identity_in_maps;
    if (named || mapping.name == keeper::plain_identity_in_maps)
      found.push_back({mapping.inode, named});
  }
  return found;
}

KeptImages::KeptImages(std::vector<KeptSeal> seals) : seals_(std::move(seals)) {
  before_.reserve(seals_.size());
  for (std::size_t i = 0; i < seals_.size(); ++i) {
    auto parent = last_.find(seals_[i].parent);
    before_.push_back(parent != last_.end() ? parent->second : nothing);
    last_[seals_[i].identity] = i;
  }
}

KeptImages KeptImages::of(pid_t keeper) {
  const std::string name = fmt::format("/memfd:{} (deleted)", kept_images_name);
  for (int descriptor : descriptors_of(keeper)) {
    auto link = fmt::format("/proc/{}/fd/{}", keeper, descriptor);
    int fd = read_link(link) == name ? open_memfd(link) : -1;
    if (fd < 0)
      continue;
    auto seals = read_seals(fd);
    close(fd);
    return KeptImages(std::move(seals));
  }
  return {};
}

std::vector<PageRange> KeptImages::sealed_in(ImageIdentity image) const {
  std::vector<PageRange> ranges;
  auto found = last_.find(image);
  for (std::size_t at = found != last_.end() ? found->second : nothing;
       at != nothing && ranges.size() < most_ranges; at = before_[at]) {
    const KeptSeal &seal = seals_[at];
    if (auto range = PageRange::create(seal.begin, seal.end - seal.begin, 4096))
      ranges.push_back(*range);
  }
  return joined(std::move(ranges));
}

}  // namespace memseal::process
