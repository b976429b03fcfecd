// SPDX-License-Identifier: Apache-2.0
#include "supervisor/image_list.h"

#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

namespace memseal::supervisor {

ImageList::~ImageList() {
  if (fd_ >= 0)
    close(fd_);
}

void ImageList::add(const process::KeptSeal &seal) {
  if (fd_ < 0)
    fd_ = memfd_create(process::kept_images_name, MFD_CLOEXEC);
  auto at = static_cast<off_t>(size_ * sizeof seal);
  if (size_ < process::most_kept_seals &&
      pwrite(fd_, &seal, sizeof seal, at) == sizeof seal)
    ++size_;
}

void ImageList::clear() {
  if (fd_ >= 0 && ftruncate(fd_, 0) == 0)
    size_ = 0;
}

}  // namespace memseal::supervisor
