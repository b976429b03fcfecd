// SPDX-License-Identifier: Apache-2.0
// The preloaded variant of the loader module, for programs that an audit module
// would break, and for musl, which has no auditing.
//
// glibc runs the constructor of a library that is marked DF_1_INITFIRST before
// all others; by then everything is relocated and protected. Of later dlopens
// it learns nothing with glibc; for musl see dlopen_wrapper.cc. (libpthread is
// marked so too up to glibc 2.33: where it is loaded, its constructor and those
// of other libraries may come first.)
//
// Context: before-main. No C library, as in audit.cc.
#include <link.h>

#include "audit/dlopen_wrapper.h"
#include "audit/this_module.h"
#include "elf/headers.h"
#include "loader/session.h"
#include "loader/start_stack.h"
#include "sys/auxiliary_vector.h"

extern "C" char **environ __attribute__((weak));

namespace memseal {
namespace {

/// The loader's list of objects, as it is shown to debuggers: DT_DEBUG of the
/// program. Null if there is none.
link_map *first_object() {
  std::size_t count = sys::auxiliary_value(AT_PHNUM);
  auto *table =
      reinterpret_cast<const std::byte *>(sys::auxiliary_value(AT_PHDR));
  auto headers =
      elf::ProgramHeaders::create({table, count * sizeof(Elf64_Phdr)}, count);
  if (table == nullptr || !headers || !headers->has(PT_PHDR) ||
      !headers->has(PT_DYNAMIC))
    return nullptr;
  Address bias =
      reinterpret_cast<Address>(table) - headers->first(PT_PHDR).p_vaddr;
  auto *entry = reinterpret_cast<const Elf64_Dyn *>(
      bias + headers->first(PT_DYNAMIC).p_vaddr);
  for (; entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == DT_DEBUG && entry->d_un.d_ptr != 0)
      return reinterpret_cast<const r_debug *>(entry->d_un.d_ptr)->r_map;
  }
  return nullptr;
}

__attribute__((constructor)) void seal_before_constructors() {
  link_map *head = first_object();
  if (head == nullptr)
    return;
  char **environment = loader::find_environment(head);
  if (environment == nullptr && &environ != nullptr)
    environment = environ;
  remember_initial_objects(head, _DYNAMIC);
  loader::seal_initial_objects(head, environment,
                               this_module("libmemseal-preload.so"));
  loader::start_ends();
}

}  // namespace
}  // namespace memseal
