// SPDX-License-Identifier: Apache-2.0
#include "loader/decisions.h"

#include "elf/layout.h"
#include "sys/memory.h"

namespace memseal::loader {

// In the library and in tests, which never decide, it is ordinary memory.
#ifdef MEMSEAL_FREESTANDING
#define MEMSEAL_SEALED_WITH_MODULE __attribute__((section(".data.rel.ro")))
#else
#define MEMSEAL_SEALED_WITH_MODULE
#endif
MEMSEAL_SEALED_WITH_MODULE constinit Decisions decided;

namespace {

/// The module's RELRO, while it is open.
constinit std::optional<PageRange> opened;

std::optional<PageRange> relro_at(Address module) {
  static constinit elf::Layout layout;
  const std::size_t page = sys::page_size();
  auto headers = elf::read_program_headers(
      {reinterpret_cast<const std::byte *>(module), page});
  if (!headers ||
      !elf::Layout::create(*headers, {.bias = module, .page = page}, layout))
    return std::nullopt;
  for (const elf::Part &part : layout.parts()) {
    if (part.kind == elf::PartKind::relro)
      return part.range;
  }
  return std::nullopt;
}

}  // namespace

Result<void> open_decisions(Address module) {
  if (opened)
    return {};
  auto relro = relro_at(module);
  if (!relro)
    return {};  // with pages larger than the linker thought of, it is data
  MEMSEAL_TRY_VOID(
      sys::protect(*relro, {Protection::read | Protection::write}));
  opened = relro;
  return {};
}

void close_decisions() {
  // The kernel takes back what it gave; if not, that part is reported.
  if (opened)
    static_cast<void>(sys::protect(*opened, {Protection::read}));
  opened.reset();
}

}  // namespace memseal::loader
