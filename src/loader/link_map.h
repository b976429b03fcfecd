// SPDX-License-Identifier: Apache-2.0
// The loader's list of objects: the five fields of <link.h> that the System V
// ABI promises to debuggers, and that glibc and musl both have.
#pragma once

#include <elf.h>
#include <link.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "elf/dynamic.h"

namespace memseal::loader {

using LinkMap = ::link_map;

inline LinkMap *head_of(LinkMap *map) {
  while (map->l_prev != nullptr)
    map = map->l_prev;
  return map;
}

inline std::string_view path_of(const LinkMap &map) {
  return map.l_name != nullptr ? map.l_name : "";
}

/// The dynamic section, as far as DT_NULL. Empty if there is none.
elf::DynamicSection dynamic_of(const LinkMap &map);

/// A pointer entry of the dynamic section as an address. glibc adds the bias
/// in place where it may write, musl and the vdso leave what the file says.
/// 0 if there is no such entry.
Elf64_Addr dynamic_address(const LinkMap &map, Elf64_Sxword tag);

/// The address of a symbol that the object defines, whatever its version;
/// null if it does not. Needs DT_GNU_HASH, which glibc's libraries have.
void *find_symbol(const LinkMap &map, std::string_view name);

/// The words of a variable that the object defines; empty if it does not.
std::span<std::uintptr_t> find_variable(const LinkMap &map,
                                        std::string_view name);

}  // namespace memseal::loader
