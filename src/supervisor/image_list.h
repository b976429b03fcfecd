// SPDX-License-Identifier: Apache-2.0
// The keeper's list of what is sealed in the images that it looks after
// (process/kept_images.h).
#pragma once

#include <cstddef>

#include "process/kept_images.h"

namespace memseal::supervisor {

class ImageList {
public:
  ImageList() = default;
  ImageList(const ImageList &) = delete;
  ImageList &operator=(const ImageList &) = delete;
  ~ImageList();

  /// Unlisted if there is no memory: then `memseal status` does not count it.
  void add(const process::KeptSeal &seal);
  std::size_t size() const { return size_; }
  /// Before all of it is added anew.
  void clear();

private:
  int fd_ = -1;  ///< made when there is something to tell
  std::size_t size_ = 0;
};

}  // namespace memseal::supervisor
