// SPDX-License-Identifier: Apache-2.0
// The module that this is compiled into.
#pragma once

#include <link.h>

#include "loader/session.h"

// Where the module begins; defined by the linker, so nothing initializes it.
// NOLINTNEXTLINE(bugprone-dynamic-static-initializers)
extern "C" const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

namespace memseal {

inline loader::Module this_module(std::string_view name) {
  return {reinterpret_cast<Address>(&__ehdr_start), _DYNAMIC, name};
}

}  // namespace memseal
