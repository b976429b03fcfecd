// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sealed_images.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "process/marked_mappings.h"

namespace memseal::supervisor {
namespace {

/// The process that a thread belongs to; 0 if it is gone.
pid_t process_of(pid_t thread) {
  std::string status = process::read_proc(thread, "status");
  std::size_t at = status.find("\nTgid:\t");
  return at == std::string::npos ? 0
                                 : static_cast<pid_t>(std::strtol(
                                       status.c_str() + at + 7, nullptr, 10));
}

/// Whether the process still has its id: not reaped.
/// Source: pidfd_send_signal(2), ESRCH.
bool exists(const SealedImage &image) {
  return syscall(SYS_pidfd_send_signal, image.process, 0, nullptr, 0) == 0 ||
         errno != ESRCH;
}

/// Whether anybody still uses that memory.
/// Source: Linux, fs/proc/task_mmu.c, pagemap_read: nothing without mm_users.
bool is_in_use(const SealedImage &image) {
  std::uint64_t entry;
  return pread(image.memory, &entry, sizeof entry, 0) == sizeof entry;
}

bool may_share_memory(pid_t one, pid_t other) {
  // 1 to 3: they differ. Other errors than ESRCH say nothing. Source: kcmp(2).
  long answer = syscall(SYS_kcmp, one, other, KCMP_VM, 0, 0);
  return answer == 0 || (answer < 0 && errno != ESRCH);
}

void close_all(SealedImage &image) {
  for (int fd : {image.process, image.memory}) {
    if (fd >= 0)
      close(fd);
  }
}

}  // namespace

void SealedImage::add(PageRange range) {
  if (std::find(ranges.begin(), ranges.end(), range) == ranges.end())
    ranges.push_back(range);
}

void SealedImage::confirm(PageRange range) {
  if (std::find(confirmed.begin(), confirmed.end(), range) == confirmed.end())
    confirmed.push_back(range);
}

void SealedImage::sort_out_heap(Address begin, Address end) {
  auto inside =
      std::stable_partition(ranges.begin(), ranges.end(), [=](PageRange range) {
        return range.end() <= begin || end <= range.begin();
      });
  outside_heap = static_cast<std::size_t>(inside - ranges.begin());
}

SealedImages::~SealedImages() {
  for (auto &[process, image] : images_)
    close_all(image);
}

void SealedImages::forget(pid_t process) {
  auto found = images_.find(process);
  if (found == images_.end())
    return;
  close_all(found->second);
  images_.erase(found);
}

void SealedImages::forget_the_dead() {
  for (auto it = images_.begin(); it != images_.end();) {
    bool alive = exists(it->second) && is_in_use(it->second);
    if (!alive)
      close_all(it->second);
    it = alive ? std::next(it) : images_.erase(it);
  }
  clean_at_ = std::max<std::size_t>(64, 2 * images_.size());
}

SealedImage *SealedImages::first_sight(pid_t process) {
  forget(process);
  if (images_.size() >= clean_at_)
    forget_the_dead();
  SealedImage image;
  image.process = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
  std::string pagemap = "/proc/" + std::to_string(process) + "/pagemap";
  image.memory = open(pagemap.c_str(), O_RDONLY | O_CLOEXEC);
  std::vector<PageRange> in_heap;
  // Opened first, read then: if the image ends in between, the descriptor says
  // so at the next call.
  bool known = image.process >= 0 && image.memory >= 0 &&
               process::for_each_mapping(
                   process, page_, [&](const Mapping &mapping, bool marked) {
                     if (marked)
                       (mapping.name == "[heap]" ? in_heap : image.ranges)
                           .push_back(mapping.range);
                   });
  if (!known) {
    close_all(image);
    return nullptr;
  }
  image.outside_heap = image.ranges.size();
  image.ranges.insert(image.ranges.end(), in_heap.begin(), in_heap.end());
  // Marks that are asked for and not made yet.
  for (auto &[other, its] : images_) {
    if (!may_share_memory(process, other))
      continue;
    for (PageRange range : its.ranges)
      image.add(range);
  }
  image.version = ++last_version_;
  return &images_.emplace(process, std::move(image)).first->second;
}

SealedImage *SealedImages::of_thread(pid_t thread) {
  // A living process keeps its number: then the thread is its first one.
  auto found = images_.find(thread);
  if (found == images_.end() || !exists(found->second)) {
    pid_t process = process_of(thread);
    if (process == 0)
      return nullptr;
    found = images_.find(process);
    if (found == images_.end() || !exists(found->second))
      return first_sight(process);
  }
  return is_in_use(found->second) ? &found->second : first_sight(found->first);
}

void SealedImages::add(pid_t thread, PageRange range) {
  SealedImage *own = of_thread(thread);
  if (own == nullptr)
    return;  // always asked afresh
  own->add(range);
  own->version = ++last_version_;
  pid_t process = 0;
  for (auto &[id, image] : images_)
    process = &image == own ? id : process;
  for (auto &[id, image] : images_) {
    if (id != process && may_share_memory(process, id)) {
      image.add(range);
      image.version = ++last_version_;
    }
  }
}

}  // namespace memseal::supervisor
