// SPDX-License-Identifier: Apache-2.0
#include "support/engines.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "memseal/memseal.h"
#include "support/in_child.h"

namespace memseal::test {
namespace {

int errno_of(long answer) {
  return answer == 0 ? 0 : errno;
}

/// The errno of sealing a page by this engine, asked in a child.
int probe(Engine engine) {
  return in_child([engine] {
    void *at =
        mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return seal_by(engine, at, 4096);
  });
}

}  // namespace

unsigned flag_of(Engine engine) {
  switch (engine) {
    case Engine::native:
      return MEMSEAL_NATIVE;
    case Engine::filter:
      return MEMSEAL_FILTER;
    case Engine::strict:
      return MEMSEAL_STRICT;
  }
  return 0;
}

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
  return errno_of(memseal(at, size, types, flags | flag_of(engine)));
}

int harden(Engine engine, Level level) {
  if (engine == Engine::native)
    return 0;
  return errno_of(memseal_harden(
      level == Level::closed ? MEMSEAL_BASE_CLOSED : MEMSEAL_BASE_COMPATIBLE));
}

bool kernel_seals(Engine engine) {
  return engine != Engine::filter && missing(Engine::native).empty();
}

std::string missing(Engine engine) {
  static const int errors[] = {probe(Engine::native), probe(Engine::filter),
                               probe(Engine::strict)};
  int error = errors[static_cast<int>(engine)];
  if (error == 0)
    return "";
  if (engine == Engine::native && error == EOPNOTSUPP)
    return "this kernel has no mseal(2) (Linux 6.10)";
  return "no engine " + name(engine) +
         " here: " + (error < 1000 ? strerror(error) : "the probe died");
}

}  // namespace memseal::test
