// SPDX-License-Identifier: Apache-2.0
// What the keeper knows of the images in its tree, so that it need not read
// smaps at every call.
//
// Problem. The marks on the mappings are the truth, but to look for them costs
// the kernel a walk over every mapping: tens of milliseconds where there are
// thousands. A tree that executes ten thousand images seals nearly every
// address once, so that "was it ever sealed?" is no help there.
//
// Idea. Within one image marks come only through the keeper, and never go. So
// the marks found at first sight and those asked for since are all there can
// be. A call that touches none of them needs no look; one that does is a hit,
// which smaps confirms before it is refused.
//
// An image ends with execve or with its process. Two descriptors tell: a pidfd,
// for a process id may be used again, and /proc/PID/pagemap, which belongs to
// the memory that was there when it was opened and reads as empty once that is
// gone. A child that shares memory without being a thread (CLONE_VM) is told by
// kcmp(2), and shares what is known. What is known may be too much, never too
// little: that is why hits are confirmed.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "memseal/page_range.h"

namespace memseal::supervisor {

/// One image. `ranges` may hold more than is marked, never less.
struct SealedImage {
  int process = -1, memory = -1;  ///< descriptors: pidfd, pagemap
  std::vector<PageRange> ranges{};
  std::size_t outside_heap = 0;  ///< so many of the first are not in the heap
  /// Seen in smaps, and never unmarked since: whole mappings.
  std::vector<PageRange> confirmed{};
  /// Another one for each image and each range that was added.
  std::uint64_t version = 0;

  void add(PageRange range);
  void confirm(PageRange range);
  /// What is not in the heap now never will be: it cannot be replaced.
  void sort_out_heap(Address begin, Address end);
};

class SealedImages {
public:
  explicit SealedImages(std::size_t page) : page_(page) {}
  SealedImages(const SealedImages &) = delete;
  SealedImages &operator=(const SealedImages &) = delete;
  ~SealedImages();

  /// The image that the thread runs; null if it cannot be known (no right to
  /// look into the process, no descriptors left): then smaps must be asked.
  SealedImage *of_thread(pid_t thread);
  /// The thread is about to mark a range.
  void add(pid_t thread, PageRange range);

private:
  SealedImage *first_sight(pid_t process);
  void forget(pid_t process);
  void forget_the_dead();

  std::size_t page_;
  std::map<pid_t, SealedImage> images_;
  std::uint64_t last_version_ = 0;
  std::size_t clean_at_ = 64;
};

}  // namespace memseal::supervisor
