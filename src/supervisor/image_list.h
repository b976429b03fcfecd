// SPDX-License-Identifier: Apache-2.0
// The keeper's list of the images that it looks after (process/kept_images.h).
#pragma once

#include <sys/types.h>

#include <unordered_set>

#include "process/kept_images.h"

namespace memseal::supervisor {

class ImageList {
public:
  ImageList() = default;
  ImageList(const ImageList &) = delete;
  ImageList &operator=(const ImageList &) = delete;
  ~ImageList();

  /// The image that the process runs. Unlisted if it may not be looked into, or
  /// if there is no memory: then `memseal status` does not count its marks.
  void add(pid_t process);

private:
  void append(process::ImageIdentity image);
  void forget_the_dead();

  int fd_ = -1;  ///< made when there is something to tell
  std::unordered_set<process::ImageIdentity> images_;
};

}  // namespace memseal::supervisor
