// SPDX-License-Identifier: Apache-2.0
// What the keeper knows of the images in its tree: what is sealed in each.
//
// Problem. A seal belongs to the memory of a process. A fork copies it, an
// execve drops it, and the keeper is told of neither; nor may it believe what a
// process says. The kernel remembers nothing for us that it shows to others and
// that nobody but us can change.
//
// Idea. It remembers mappings, though. Each memory in which something is sealed
// has one page that stands for it, its identity, which nobody else has
// (keeper/protocol.h). Before more is sealed the page is replaced by a new one.
// So the inode in /proc/PID/maps tells which list holds, for a child that was
// forked at any time by a process that may be gone. That is asked once for each
// process, and again where the answer may have changed.
//
//   - A process that has executed since it was forked, by PF_FORKNOEXEC in
//     /proc/PID/stat, began with nothing sealed: what it asked for is all.
//   - A copy without the page: if its auxiliary vector, which forks have and
//     whose addresses are drawn at each exec, is that of an image in which
//     something is sealed, somebody took the page away. Nothing is known then,
//     and whatever was ever sealed in the tree may be. Else nothing is sealed.
//   - When an image ends is told by a pidfd, for a process id may be used
//   again,
//     and by /proc/PID/pagemap, which belongs to the memory that was there when
//     it was opened and reads as empty once that is gone. A child of vfork(2)
//     leaves memory behind that lives on: so before a call is refused, and when
//     an image seals or announces itself, PF_FORKNOEXEC and the auxiliary
//     vector are looked at again.
//   - Processes that share memory (CLONE_VM) share the page. If one of them
//     seals, all that kcmp(2) does not tell apart are looked at again.
//
// Where /proc/PID/pagemap cannot be opened:
//   - a process that has executed: what it asks for is all there is. When such
//     an image ends is told by the next one, if that seals anything at all;
//     until then too much is known of it;
//   - a process that has not: nothing is known of it. Before a process makes
//     itself such a one, by setuid(2) or PR_SET_DUMPABLE, it is looked at, and
//     smaps is opened and kept.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "memseal/page_range.h"
#include "process/kept_images.h"
#include "supervisor/image_list.h"
#include "supervisor/sealed_list.h"

namespace memseal::supervisor {

using process::ImageIdentity;

/// The image that a process runs.
struct SealedImage {
  pid_t pid = 0;
  int process = -1;   ///< pidfd
  int memory = -1;    ///< pagemap; -1: not permitted
  int mappings = -1;  ///< smaps, kept open for a time when it cannot be opened
  bool executed = false;     ///< at first sight: no copy of another image
  bool stale = false;        ///< one that may share its memory has sealed more
  std::uint64_t vector = 0;  ///< hash of the auxiliary vector; 0: not permitted
  ImageIdentity identity = 0;
  std::shared_ptr<SealedList> sealed = std::make_shared<SealedList>();
  /// Another one for each image and each range that was added.
  std::uint64_t version = 0;
  /// Of what is no object: which parts may not be emptied, when last looked.
  std::vector<PageRange> not_emptied{};
  std::size_t looked_at = 0;  ///< how many parts were sealed then
};

/// Whether others may know which images are looked after.
enum class Listing : std::uint8_t { none, all };

class SealedImages {
public:
  explicit SealedImages(std::size_t page) : page_(page) {}
  SealedImages(const SealedImages &) = delete;
  SealedImages &operator=(const SealedImages &) = delete;
  ~SealedImages();

  void list(Listing listing) { listing_ = listing; }

  /// The image that the thread runs; null if it cannot be known (no right to
  /// look into the process, no descriptors left). May be one that is gone, if
  /// something is sealed in that and nothing yet in the new one.
  SealedImage *of_thread(pid_t thread);
  /// The same, and certainly not one that is gone.
  SealedImage *now_of_thread(pid_t thread);
  /// The thread seals a part; `identity` stands for its memory by now. 0: as
  /// before.
  void add(pid_t thread, SealedPart part, ImageIdentity identity);
  /// Where the page is that stands for the thread's memory; 0: nowhere.
  Address identity_of(pid_t thread);
  /// The thread says that its image is new, and nothing is sealed in it.
  void begin(pid_t thread);
  /// The thread's process may be one that shows nothing to us from now on.
  void keep_sight_of(pid_t thread);
  /// What was there is gone: only where violations are permitted.
  void remove(SealedImage &image, PageRange range);
  /// The smaps of the thread's process, empty if it cannot be read; `image` is
  /// what of_thread gave.
  std::string smaps_of(pid_t thread, const SealedImage *image) const;
  /// The same of what is cheaper to read: maps, where it can be.
  std::string maps_of(pid_t thread, const SealedImage *image) const;

private:
  struct Version {
    std::shared_ptr<SealedList> sealed;
    std::uint64_t order = 0;
    std::uint64_t vector = 0;  ///< of its image
    bool missed = false;       ///< by the last search for living ones
  };
  /// When something was first sealed in images with one auxiliary vector.
  /// Units: nanoseconds since boot.
  using FirstSeals = std::unordered_map<std::uint64_t, std::uint64_t>;

  SealedImage *first_sight(pid_t process, pid_t thread);
  bool look(SealedImage &image, pid_t thread);
  bool find_by_mappings(SealedImage &image, pid_t thread);
  bool is_older_than_seals(const SealedImage &image) const;
  bool is_still_run(const SealedImage &image, pid_t thread) const;
  void renew(SealedImage &own, ImageIdentity identity);
  void forget(pid_t process);
  void forget_the_dead();
  void make_room();
  void forget_dead_versions();

  std::size_t page_;
  std::map<pid_t, SealedImage> images_;
  std::unordered_map<ImageIdentity, Version> versions_;
  FirstSeals first_seals_;
  Listing listing_ = Listing::all;
  ImageList list_;
  /// That a thread asks a seal for: not yet known.
  ImageIdentity announced_ = 0;
  std::uint64_t last_version_ = 0;
  std::size_t clean_at_ = 64, collect_at_ = 16384;
  /// A seal was asked for by an image of which nothing could be noted down.
  bool missed_some_ = false;
  /// A living image may have been forgotten.
  bool forgot_some_ = false;
};

}  // namespace memseal::supervisor
