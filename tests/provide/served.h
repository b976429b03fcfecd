// SPDX-License-Identifier: Apache-2.0
// What the tests of a served mseal(2) share.
#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <string>

#include "support/trial.h"

extern "C" int mseal(void *begin, std::size_t length, unsigned long flags);

namespace memseal::test {

inline char *map_pages(std::size_t count, int prot = PROT_READ | PROT_WRITE) {
  void *at =
      mmap(nullptr, count * page, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at == MAP_FAILED ? nullptr : static_cast<char *>(at);
}

/// 0, or the errno of a call that failed.
inline int error_of(long answer) {
  return answer == -1 ? errno : 0;
}

/// A number of /proc/self/status; -1 where the kernel does not tell it.
inline int status_number(const std::string &field) {
  std::ifstream status("/proc/self/status");
  std::string name;
  int number;
  while (status >> name) {
    if (name == field + ":" && status >> number)
      return number;
  }
  return -1;
}

}  // namespace memseal::test
