// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sealed_images.h"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_set>

#include "process/mappings.h"
#include "process/proc_files.h"
#include "process/status.h"
#include "process/tree_files.h"
#include "sys/proc_text.h"

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

/// 1 to 3: they differ. Other errors than ESRCH say nothing. Source: kcmp(2).
bool may_share_memory(pid_t one, pid_t other) {
  long answer = syscall(SYS_kcmp, one, other, KCMP_VM, 0, 0);
  return answer == 0 || (answer < 0 && errno != ESRCH);
}

void close_all(SealedImage &image) {
  for (int fd : {image.process, image.memory, image.mappings}) {
    if (fd >= 0)
      close(fd);
  }
}

std::uint64_t now() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

/// The first moment that is certainly not before the process was forked; 0 if
/// it cannot be told. Source: proc(5), /proc/pid/stat, field 22.
std::uint64_t latest_start(pid_t process) {
  constexpr int start_field = 22;
  auto ticks =
      sys::stat_field(process::tree_text_of(process, "stat"), start_field);
  const auto per_second = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  return ticks ? (*ticks + 1) * (1'000'000'000 / per_second) : 0;
}

/// FNV-1a; 0 if the vector cannot be read.
std::uint64_t vector_of(pid_t thread) {
  const std::string vector = process::tree_text_of(thread, "auxv");
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c : vector) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return vector.empty() ? 0 : hash;
}

/// Three descriptors each.
std::size_t most_processes() {
  rlimit files{};
  constexpr rlim_t others = 64, most = 65536;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur <= 4 * others)
    return others;
  return std::min(most, (files.rlim_cur - others) / 3);
}

}  // namespace

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

/// What shows its mappings is found again by its identity.
void SealedImages::make_room() {
  const std::size_t most = most_processes();
  if (images_.size() >= clean_at_ || images_.size() >= most)
    forget_the_dead();
  for (auto it = images_.begin();
       it != images_.end() && images_.size() >= most;) {
    bool is_seen = it->second.memory >= 0 && it->second.mappings < 0;
    if (is_seen) {
      close_all(it->second);
      forgot_some_ = true;
    }
    it = is_seen ? images_.erase(it) : std::next(it);
  }
}

/// Copies that were forked before the first seal have no page, and 10 ms is how
/// exactly their time is told.
bool SealedImages::is_older_than_seals(const SealedImage &image) const {
  auto first = first_seals_.find(image.vector);
  if (first == first_seals_.end())
    return image.vector != 0 || !missed_some_;
  std::uint64_t start = latest_start(image.pid);
  return start != 0 && start < first->second;
}

bool SealedImages::find_by_mappings(SealedImage &image, pid_t thread) {
  std::string text = maps_of(thread, &image);
  if (text.empty())
    return false;
  auto mappings = process::Mappings::parse(text, page_);
  std::uint64_t newest = 0;
  bool unknown = false;
  for (auto [identity, named] : process::identities_in(mappings)) {
    auto found = versions_.find(identity);
    if (found == versions_.end()) {
      unknown = unknown || ((named || missed_some_) && identity != announced_);
      continue;
    }
    if (found->second.order < newest)
      continue;
    newest = found->second.order;
    image.identity = identity;
    image.sealed = found->second.sealed;
  }
  return newest != 0 || (!unknown && is_older_than_seals(image));
}

/// Fills in what is sealed at first sight. Returns whether that is known.
bool SealedImages::look(SealedImage &image, pid_t thread) {
  const pid_t process = image.pid;
  // What is read after this is of the process that the descriptor means, or of
  // none.
  image.process = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
  if (image.process < 0)
    return false;
  image.executed = process::has_executed(process) == process::Executed::yes;
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
  image.vector = vector_of(thread);
  bool known =
      (image.executed && !forgot_some_) || find_by_mappings(image, thread);
  return known && exists(image);
}

SealedImage *SealedImages::first_sight(pid_t process, pid_t thread) {
  forget(process);
  make_room();
  SealedImage image;
  image.pid = process;
  if (!look(image, thread)) {
    close_all(image);
    return nullptr;
  }
  image.version = ++last_version_;
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
  SealedImage &image = found->second;
  if (!is_in_use(image))
    return first_sight(process, thread);
  if (image.stale) {
    // Nothing may have become of it that we see: then it stays as it was.
    if (!find_by_mappings(image, thread))
      return nullptr;
    image.stale = false;
    image.version = ++last_version_;
  }
  return &image;
}

bool SealedImages::is_still_run(const SealedImage &image, pid_t thread) const {
  if (image.memory < 0)
    return true;
  if (!image.executed)
    return process::has_executed(image.pid) != process::Executed::yes;
  std::uint64_t vector = vector_of(thread);
  return vector == 0 || vector == image.vector;
}

SealedImage *SealedImages::now_of_thread(pid_t thread) {
  SealedImage *image = of_thread(thread);
  if (image == nullptr || is_still_run(*image, thread))
    return image;
  return first_sight(image->pid, thread);
}

/// From now on `identity` stands for the memory, and the list is its own.
void SealedImages::renew(SealedImage &own, ImageIdentity identity) {
  if (versions_.size() >= collect_at_)
    forget_dead_versions();
  for (auto &[id, other] : images_) {
    if (&other != &own &&
        (other.vector == own.vector || own.vector == 0 || other.vector == 0))
      other.stale = other.stale || may_share_memory(id, own.pid);
  }
  own.sealed = std::make_shared<SealedList>(*own.sealed);
  versions_[identity] = {
      .sealed = own.sealed, .order = ++last_version_, .vector = own.vector};
  if (own.vector != 0)
    first_seals_.try_emplace(own.vector, now());
  if (listing_ == Listing::all)
    list_.add({identity, own.identity, 0, 0});
  own.identity = identity;
}

void SealedImages::add(pid_t thread, SealedPart part, ImageIdentity identity) {
  announced_ = identity;
  SealedImage *own = of_thread(thread);
  // The page of one memory is in no other: so it is the image that it was.
  if (own != nullptr && (identity == 0 || identity != own->identity))
    own = now_of_thread(thread);
  announced_ = 0;
  if (own == nullptr) {
    // What is copied from a copy that nobody knows is known by nobody either.
    missed_some_ =
        missed_some_ || process::has_executed(process::process_of(thread)) ==
                            process::Executed::yes;
    return;
  }
  if (identity != 0 && identity != own->identity)
    renew(*own, identity);
  if (!own->sealed->add(part))
    return;
  own->version = ++last_version_;
  if (listing_ == Listing::all && own->identity != 0)
    list_.add(
        {own->identity, own->identity, part.range.begin(), part.range.end()});
}

Address SealedImages::identity_of(pid_t thread) {
  SealedImage *own = now_of_thread(thread);
  if (own == nullptr || own->identity == 0)
    return 0;
  std::string text = maps_of(thread, own);
  auto all = process::Mappings::parse(text, page_);
  for (const Mapping &mapping : all.mappings()) {
    if (mapping.inode == own->identity && mapping.range.size() == page_)
      return mapping.range.begin();
  }
  return 0;
}

void SealedImages::begin(pid_t thread) {
  SealedImage *own = of_thread(thread);
  if (own == nullptr || own->sealed->empty())
    return;
  // Of others more than the word of the process tells.
  if (own->memory >= 0) {
    now_of_thread(thread);
    return;
  }
  own->sealed = std::make_shared<SealedList>();
  own->identity = 0;
  own->version = ++last_version_;
}

void SealedImages::keep_sight_of(pid_t thread) {
  SealedImage *own = now_of_thread(thread);
  if (own != nullptr && own->memory >= 0 && own->mappings < 0)
    own->mappings = process::open_process_file(thread, "smaps");
}

void SealedImages::remove(SealedImage &image, PageRange range) {
  image.sealed = std::make_shared<SealedList>(*image.sealed);
  image.sealed->remove(range);
  image.version = ++last_version_;
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

std::string SealedImages::maps_of(pid_t thread,
                                  const SealedImage *image) const {
  std::string text = process::tree_text_of(thread, "maps");
  return text.empty() ? smaps_of(thread, image) : text;
}

/// A version is dead if no process shows its page, twice in a row: one that is
/// forked while we look may be seen in neither its parent nor itself. Of a
/// process that shows nothing it is not known.
void SealedImages::forget_dead_versions() {
  std::unordered_set<ImageIdentity> alive;
  bool some_hidden = false;
  for (pid_t pid : process::process_ids()) {
    std::string text = process::tree_text_of(pid, "maps");
    if (text.empty()) {
      constexpr int filtered = 2;
      auto status = process::parse_status(process::tree_text_of(pid, "status"));
      some_hidden =
          some_hidden || (status.seccomp_mode == filtered && !status.ended());
      continue;
    }
    auto mappings = process::Mappings::parse(text, page_);
    for (auto [identity, named] : process::identities_in(mappings))
      alive.insert(identity);
  }
  for (const auto &[pid, image] : images_)
    alive.insert(image.identity);
  FirstSeals first_seals;
  for (auto it = versions_.begin(); it != versions_.end();) {
    bool missed = !some_hidden && !alive.contains(it->first);
    if (missed && it->second.missed) {
      it = versions_.erase(it);
      continue;
    }
    it->second.missed = missed;
    auto first = first_seals_.find(it->second.vector);
    if (first != first_seals_.end())
      first_seals.insert(*first);
    ++it;
  }
  first_seals_ = std::move(first_seals);
  collect_at_ = std::max<std::size_t>(16384, 2 * versions_.size());
  if (listing_ == Listing::none || list_.size() < collect_at_)
    return;
  list_.clear();
  for (const auto &[identity, version] : versions_) {
    for (const SealedPart &part : version.sealed->parts())
      list_.add({identity, identity, part.range.begin(), part.range.end()});
  }
}

}  // namespace memseal::supervisor
