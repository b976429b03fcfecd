// SPDX-License-Identifier: Apache-2.0
#include "loader/slot_binding.h"

#include <cstring>

#include "loader/image.h"

namespace memseal::loader {
namespace {

/// Source: glibc, elf/dl-runtime.c. Writes the slot and returns the address.
using Fixup = Address (*)(LinkMap *map, std::size_t relocation);

/// The words behind DT_PLTGOT, which ld.so fills if it binds lazily: the second
/// names the object, the third the resolver.
const Address *reserved_words(const LinkMap &map) {
  return reinterpret_cast<const Address *>(dynamic_address(map, DT_PLTGOT));
}

#if defined(__x86_64__)

/// The call of _dl_fixup in _dl_runtime_resolve: glibc 2.26 to 2.41,
/// sysdeps/x86_64/dl-trampoline.h. In _dl_runtime_profile, which another
/// auditor or LD_PROFILE brings, the arguments lie elsewhere.
Fixup fixup_called_in(PageRange text, Address resolver) {
  constexpr unsigned char before[] = {
      0x48, 0x8b, 0x73, 0x10,                            // mov 16(%rbx), %rsi
      0x48, 0x8b, 0x7b, 0x08,                            // mov 8(%rbx), %rdi
      0xe8};                                             // call
  constexpr unsigned char after[] = {0x49, 0x89, 0xc3};  // mov %rax, %r11
  constexpr std::size_t searched = 256;
  if (!text.contains(resolver) || text.end() - resolver < searched)
    return nullptr;
  const auto *code = reinterpret_cast<const unsigned char *>(resolver);
  for (std::size_t i = 0; i + sizeof before + 4 + sizeof after <= searched;
       ++i) {
    const unsigned char *call = code + i;
    std::int32_t distance;
    if (std::memcmp(call, before, sizeof before) != 0 ||
        std::memcmp(call + sizeof before + 4, after, sizeof after) != 0)
      continue;
    std::memcpy(&distance, call + sizeof before, sizeof distance);
    const Address to = resolver + i + sizeof before + 4 +
                       static_cast<Address>(Address(0) + distance);
    return text.contains(to) ? reinterpret_cast<Fixup>(to) : nullptr;
  }
  return nullptr;
}

constexpr std::uint32_t function_slot = R_X86_64_JUMP_SLOT;

#else

Fixup fixup_called_in(PageRange, Address) {
  return nullptr;
}

constexpr std::uint32_t function_slot = R_AARCH64_JUMP_SLOT;

#endif

struct Work {
  Fixup fixup;
  LinkMap *map;
  const elf::PltRelocations *relocations;
  elf::SlotSet *bound;
  std::size_t next;
  bool written = true;  ///< what ld.so bound; not with LD_BIND_NOT
};

/// Until an error jumps out of it.
void bind_on(void *argument) {
  Work &work = *static_cast<Work *>(argument);
  while (work.next < work.relocations->size()) {
    const std::size_t i = work.next++;
    const Elf64_Rela relocation = (*work.relocations)[i];
    if (ELF64_R_TYPE(relocation.r_info) != function_slot)
      continue;
    const Address at = work.map->l_addr + relocation.r_offset;
    auto *slot = reinterpret_cast<volatile Address *>(at);
    const Address lazy = *slot;
    const Address function = work.fixup(work.map, i);
    if (function == 0)
      *slot = lazy;  // weak and not there; it may come yet
    else if (*slot == function)
      work.bound->add(at);
    else
      work.written = false;
  }
}

}  // namespace

Binder find_binder(LinkMap *head) {
  Binder binder;
  static constinit elf::Layout layout;
  for (LinkMap *map = head; map != nullptr; map = map->l_next) {
    // In libc or ld.so: the first in the list is whom ld.so itself calls.
    if (binder.catch_exception == nullptr)
      binder.catch_exception =
          reinterpret_cast<decltype(binder.catch_exception)>(
              find_symbol(*map, "_dl_catch_exception"));
    if (find_variable(*map, "_rtld_global_ro").empty())
      continue;
    binder.free_exception = reinterpret_cast<decltype(binder.free_exception)>(
        find_symbol(*map, "_dl_exception_free"));
    if (!layout_of(image_of(*map), layout))
      continue;
    for (const elf::Part &part : layout.parts()) {
      if (part.kind == elf::PartKind::text)
        binder.loader_text = part.range;
    }
  }
  return binder;
}

bool is_bound_lazily(const LinkMap &map) {
  const Address *words = reserved_words(map);
  return words != nullptr && words[1] == reinterpret_cast<Address>(&map);
}

bool bind_slots(const Binder &binder, LinkMap &map,
                const elf::PltRelocations &relocations, elf::SlotSet &bound) {
  if (!binder.loader_text || binder.catch_exception == nullptr ||
      binder.free_exception == nullptr)
    return false;
  Work work{
      .fixup = fixup_called_in(*binder.loader_text, reserved_words(map)[2]),
      .map = &map,
      .relocations = &relocations,
      .bound = &bound,
      .next = 0};
  if (work.fixup == nullptr)
    return false;
  while (work.next < relocations.size()) {
    LoaderException missing;
    binder.catch_exception(&missing, bind_on, &work);
    if (missing.text != nullptr)
      binder.free_exception(&missing);
  }
  return work.written;
}

}  // namespace memseal::loader
