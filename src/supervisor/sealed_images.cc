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
#include <string>

#include "process/mappings.h"
#include "process/proc_files.h"
#include "process/tree_files.h"

namespace memseal::supervisor {
namespace {

/// Whether the process still has its id: not reaped.
/// Source: pidfd_send_signal(2), ESRCH.
bool exists(const SealedImage &image) {
  return syscall(SYS_pidfd_send_signal, image.process, 0, nullptr, 0) == 0 ||
         errno != ESRCH;
}

/// Whether anybody still uses that memory, as far as it is told.
/// Source: Linux, fs/proc/task_mmu.c, pagemap_read: nothing without mm_users.
bool is_in_use(const SealedImage &image) {
  std::uint64_t entry;
  return image.memory < 0 ||
         pread(image.memory, &entry, sizeof entry, 0) == sizeof entry;
}

/// An execve gives a process memory of its own, which only those that it forks
/// afterwards may share.
bool may_share_memory(pid_t one, const SealedImage &image, pid_t other,
                      const SealedImage &others) {
  if (image.executed && others.executed)
    return false;
  // 1 to 3: they differ. Other errors than ESRCH say nothing. Source: kcmp(2).
  long answer = syscall(SYS_kcmp, one, other, KCMP_VM, 0, 0);
  return answer == 0 || (answer < 0 && errno != ESRCH);
}

void close_all(SealedImage &image) {
  for (int fd : {image.process, image.memory, image.mappings}) {
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

/// Fills in what is sealed at first sight. Returns whether that is known.
bool SealedImages::look(SealedImage &image, pid_t process, pid_t thread) {
  image.executed = process::has_executed(process) == process::Executed::yes;
  image.process = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
  if (image.process < 0)
    return false;
  // Opened first, read then: if the image ends in between, the descriptor says
  // so at the next call. The first thread may have ended, and shows no memory.
  image.memory = process::open_process_file(process, "pagemap");
  if (image.memory >= 0 && !is_in_use(image)) {
    close(image.memory);
    image.memory = process::open_process_file(thread, "pagemap");
  }
  if (image.memory < 0)
    return image.executed && !missed_some_ &&
           (errno == EACCES || errno == EPERM);
  std::string smaps = smaps_of(thread, nullptr);
  auto all = process::Mappings::parse(smaps, page_);
  for (const Mapping &mapping : all.mappings()) {
    if (mapping.marked)
      image.ranges.push_back(mapping.range);
  }
  return !smaps.empty();
}

SealedImage *SealedImages::first_sight(pid_t process, pid_t thread) {
  forget(process);
  if (images_.size() >= clean_at_)
    forget_the_dead();
  SealedImage image;
  if (!look(image, process, thread)) {
    close_all(image);
    return nullptr;
  }
  // Marks that are asked for and not made yet.
  for (auto &[other, its] : images_) {
    if (!may_share_memory(process, image, other, its))
      continue;
    for (PageRange range : its.ranges)
      image.add(range);
  }
  image.version = ++last_version_;
  if (listing_ == Listing::all)
    list_.add(thread);
  return &images_.emplace(process, std::move(image)).first->second;
}

SealedImage *SealedImages::of_thread(pid_t thread) {
  // A living process keeps its number: then the thread is its first one.
  pid_t process = thread;
  auto found = images_.find(thread);
  if (found == images_.end() || !exists(found->second)) {
    process = process::process_of(thread);
    if (process == 0)
      return nullptr;
    found = images_.find(process);
    if (found == images_.end() || !exists(found->second))
      return first_sight(process, thread);
  }
  return is_in_use(found->second) ? &found->second
                                  : first_sight(process, thread);
}

void SealedImages::add_to_sharers(pid_t process, const SealedImage &own,
                                  PageRange range) {
  for (auto &[id, image] : images_) {
    if (&image != &own && may_share_memory(process, own, id, image)) {
      image.add(range);
      image.version = ++last_version_;
    }
  }
}

void SealedImages::add(pid_t thread, PageRange range) {
  SealedImage *own = of_thread(thread);
  if (own == nullptr) {
    pid_t unknown = process::process_of(thread);
    missed_some_ = missed_some_ ||
                   process::has_executed(unknown) == process::Executed::yes;
    add_to_sharers(unknown, {}, range);
    return;
  }
  own->add(range);
  own->version = ++last_version_;
  pid_t process = 0;
  for (auto &[id, image] : images_)
    process = &image == own ? id : process;
  add_to_sharers(process, *own, range);
}

void SealedImages::begin(pid_t thread) {
  SealedImage *own = of_thread(thread);
  // Of others the descriptor tells.
  if (own == nullptr || own->memory >= 0)
    return;
  own->ranges.clear();
  own->version = ++last_version_;
}

void SealedImages::keep_sight_of(pid_t thread) {
  SealedImage *own = of_thread(thread);
  if (own != nullptr && own->memory >= 0 && own->mappings < 0)
    own->mappings = process::open_process_file(thread, "smaps");
}

std::string SealedImages::smaps_of(pid_t thread,
                                   const SealedImage *image) const {
  if (image != nullptr && image->mappings >= 0 &&
      lseek(image->mappings, 0, SEEK_SET) == 0) {
    std::string text =
        process::read_all(image->mappings).value_or(std::string());
    if (!text.empty())
      return text;
  }
  return process::tree_text_of(thread, "smaps");
}

}  // namespace memseal::supervisor
