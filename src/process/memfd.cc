// SPDX-License-Identifier: Apache-2.0
#include "process/memfd.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <optional>

namespace memseal::process {
namespace {

std::optional<dev_t> device_of_memfds() {
  static const std::optional<dev_t> device = []() -> std::optional<dev_t> {
    struct stat status {};
    int fd = memfd_create("memseal-status", MFD_CLOEXEC);
    bool known = fd >= 0 && fstat(fd, &status) == 0;
    if (fd >= 0)
      close(fd);
    return known ? std::optional(status.st_dev) : std::nullopt;
  }();
  return device;
}

}  // namespace

bool is_on_memfds(dev_t device) {
  auto memfds = device_of_memfds();
  return !memfds || device == *memfds;
}

bool is_on_memfds(const Mapping &mapping) {
  return is_on_memfds(makedev(mapping.device_major, mapping.device_minor));
}

}  // namespace memseal::process
