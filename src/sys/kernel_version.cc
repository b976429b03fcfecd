// SPDX-License-Identifier: Apache-2.0
#include "sys/kernel_version.h"

#include <sys/syscall.h>
#include <sys/utsname.h>

#include <charconv>

#include "sys/syscall.h"

namespace memseal::sys {

bool kernel_is_at_least(int major, int minor) {
  utsname name{};
  if (call(SYS_uname, &name).failed())
    return false;
  const char *end = name.release + sizeof name.release;
  int is_major = 0, is_minor = 0;
  auto [dot, error] = std::from_chars(name.release, end, is_major);
  if (error != std::errc() || *dot != '.')
    return false;
  std::from_chars(dot + 1, end, is_minor);
  return is_major > major || (is_major == major && is_minor >= minor);
}

}  // namespace memseal::sys
