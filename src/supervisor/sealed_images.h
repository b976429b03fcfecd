// SPDX-License-Identifier: Apache-2.0
// What the keeper knows of the images in its tree, so that it need not read
// smaps at every call, and need not be permitted to.
//
// Problem. The marks on the mappings are the truth, but to look for them costs
// the kernel a walk over every mapping: tens of milliseconds where there are
// thousands. A tree that executes ten thousand images seals nearly every
// address once, so that "was it ever sealed?" is no help there. And a process
// that is not dumpable, or has another user, shows them to nobody.
//
// Idea. Within one image marks come only through the keeper, and never go. So
// the marks found at first sight and those asked for since are all there can
// be. A call that touches none of them needs no look; one that does may be a
// violation, which smaps confirms before it is refused, where smaps can be
// read.
//
// An image ends with execve or with its process. Two descriptors tell: a pidfd,
// for a process id may be used again, and /proc/PID/pagemap, which belongs to
// the memory that was there when it was opened and reads as empty once that is
// gone. A child that shares memory without being a thread (CLONE_VM) is told by
// kcmp(2), and shares what is known. What is known may be too much, never too
// little: that is why smaps confirms.
//
// Where /proc/PID/pagemap cannot be opened:
//   - a process that has executed since it was forked began with nothing
//     sealed: what it asks for is all there is. When such an image ends is told
//     by the next one, if that seals anything at all; until then too much is
//     known of it;
//   - a process that has not is a copy of some image, nobody tells which: then
//     nothing is known of it, and whatever was ever sealed in the tree may be.
//     Before a process makes itself such a one, by setuid(2) or
//     PR_SET_DUMPABLE, smaps is opened and kept.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "memseal/page_range.h"
#include "supervisor/image_list.h"

namespace memseal::supervisor {

/// One image. `ranges` may hold more than is marked, never less.
struct SealedImage {
  int process = -1;   ///< pidfd
  int memory = -1;    ///< pagemap; -1: not permitted
  int mappings = -1;  ///< smaps, kept open for a time when it cannot be opened
  bool executed = false;  ///< at first sight: no copy of another image
  std::vector<PageRange> ranges{};
  /// Seen in smaps, and never unmarked since: whole mappings.
  std::vector<PageRange> confirmed{};
  /// Another one for each image and each range that was added.
  std::uint64_t version = 0;

  void add(PageRange range);
  void confirm(PageRange range);
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
  /// look into the process, no descriptors left).
  SealedImage *of_thread(pid_t thread);
  /// The thread is about to mark a range.
  void add(pid_t thread, PageRange range);
  /// The thread says that its image is new, and nothing is marked in it.
  void begin(pid_t thread);
  /// The thread's process may be one that shows nothing to us from now on.
  void keep_sight_of(pid_t thread);
  /// The smaps of the thread's process, empty if it cannot be read; `image` is
  /// what of_thread gave.
  std::string smaps_of(pid_t thread, const SealedImage *image) const;

private:
  SealedImage *first_sight(pid_t process, pid_t thread);
  bool look(SealedImage &image, pid_t process, pid_t thread);
  void add_to_sharers(pid_t process, const SealedImage &own, PageRange range);
  void forget(pid_t process);
  void forget_the_dead();

  std::size_t page_;
  std::map<pid_t, SealedImage> images_;
  Listing listing_ = Listing::all;
  ImageList list_;
  std::uint64_t last_version_ = 0;
  std::size_t clean_at_ = 64;
  /// A seal was asked for by an image of which nothing could be noted down.
  bool missed_some_ = false;
};

}  // namespace memseal::supervisor
