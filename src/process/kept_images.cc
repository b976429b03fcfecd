// SPDX-License-Identifier: Apache-2.0
#include "process/kept_images.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "process/memfd.h"
#include "process/proc_files.h"

namespace memseal::process {
namespace {

/// Opens a link in /proc that leads to a memfd; -1 if it leads elsewhere by
/// now: to something that does not answer at once, say.
int open_memfd(const std::string &link) {
  int place = open(link.c_str(), O_PATH | O_CLOEXEC);
  struct stat status {};
  bool is_memfd =
      place >= 0 && fstat(place, &status) == 0 && is_on_memfds(status.st_dev);
  int fd = is_memfd ? open(fmt::format("/proc/self/fd/{}", place).c_str(),
                           O_RDONLY | O_CLOEXEC)
                    : -1;
  if (place >= 0)
    close(place);
  return fd;
}

}  // namespace

// FNV-1a: nobody gains by a collision who could not as well set the marks.
ImageIdentity identity_of(std::string_view auxiliary_vector) {
  if (auxiliary_vector.empty())
    return 0;
  ImageIdentity hash = 0xcbf29ce484222325;
  for (char c : auxiliary_vector) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

std::vector<ImageIdentity> kept_images_of(pid_t keeper) {
  const std::string name = fmt::format("/memfd:{} (deleted)", kept_images_name);
  std::vector<ImageIdentity> images;
  for (int descriptor : descriptors_of(keeper)) {
    auto link = fmt::format("/proc/{}/fd/{}", keeper, descriptor);
    int fd = read_link(link) == name ? open_memfd(link) : -1;
    if (fd < 0)
      continue;
    images.resize(most_kept_images);
    ssize_t size =
        pread(fd, images.data(), images.size() * sizeof images[0], 0);
    images.resize(size > 0 ? static_cast<std::size_t>(size) / sizeof images[0]
                           : 0);
    close(fd);
    break;
  }
  std::ranges::sort(images);
  images.shrink_to_fit();
  return images;
}

}  // namespace memseal::process
