// SPDX-License-Identifier: Apache-2.0
#include "support/engines.h"

#include <unistd.h>

#include <cerrno>

namespace memseal::test {
namespace {

constexpr long nr_mseal = 462;

int errno_of(long answer) {
  return answer == 0 ? 0 : errno;
}

}  // namespace

std::string name(Engine engine) {
  switch (engine) {
    case Engine::native:
      return "native";
    case Engine::filter:
      return "filter";
    case Engine::strict:
      return "strict";
  }
  return "?";
}

int seal_by(Engine engine, void *at, std::size_t size, unsigned types,
            unsigned flags) {
  if (engine != Engine::native || types != every_type || flags != 0)
    return EOPNOTSUPP;
  return errno_of(syscall(nr_mseal, at, size, 0));
}

int harden(Engine engine, Level) {
  return engine == Engine::native ? 0 : EOPNOTSUPP;
}

std::string missing(Engine engine) {
  if (engine == Engine::native || engine == Engine::strict)
    if (syscall(nr_mseal, nullptr, 0, 0) != 0)
      return "this kernel has no mseal(2): Linux 6.10, 64-bit";
  if (engine != Engine::native)
    return "the filter engine is not built yet";
  return "";
}

}  // namespace memseal::test
