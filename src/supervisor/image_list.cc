// SPDX-License-Identifier: Apache-2.0
#include "supervisor/image_list.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "process/proc_files.h"
#include "process/tree_files.h"

namespace memseal::supervisor {
namespace {

process::ImageIdentity image_of(pid_t process) {
  return process::identity_of(process::tree_text_of(process, "auxv"));
}

}  // namespace

ImageList::~ImageList() {
  if (fd_ >= 0)
    close(fd_);
}

void ImageList::add(pid_t process) {
  process::ImageIdentity image = image_of(process);
  if (image == 0 || images_.contains(image))
    return;
  if (images_.size() >= process::most_kept_images)
    forget_the_dead();
  append(image);
}

void ImageList::append(process::ImageIdentity image) {
  if (fd_ < 0)
    fd_ = memfd_create(process::kept_images_name, MFD_CLOEXEC);
  auto at = static_cast<off_t>(images_.size() * sizeof image);
  if (pwrite(fd_, &image, sizeof image, at) == sizeof image)
    images_.insert(image);
}

/// A living image stays; so may a dead one whose number somebody drew again.
void ImageList::forget_the_dead() {
  auto known = std::exchange(images_, {});
  if (ftruncate(fd_, 0) != 0)
    return;
  for (pid_t pid : process::process_ids()) {
    process::ImageIdentity image = image_of(pid);
    if (known.contains(image) && !images_.contains(image))
      append(image);
  }
}

}  // namespace memseal::supervisor
