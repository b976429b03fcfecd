// SPDX-License-Identifier: Apache-2.0
// The ELF parsers on any bytes: they end, stay inside the bytes, and what they
// accept is a layout that can be sealed without touching anybody else's memory.
#include <cstdint>
#include <span>

#include "base/assert.h"
#include "elf/file.h"
#include "elf/layout.h"

namespace {

using namespace memseal;

void check_layout(const elf::ProgramHeaders &headers,
                  elf::Placement placement) {
  auto layout = elf::Layout::create(headers, placement);
  if (!layout) {
    MEMSEAL_ASSERT(elf::sentence(layout.error()) != nullptr);
    return;
  }
  PageRange extent = layout->extent();
  Address reached = extent.begin();
  for (const elf::Part &part : layout->parts()) {
    MEMSEAL_ASSERT(part.range.begin() == reached);  // in order, without a hole
    MEMSEAL_ASSERT((part.range.begin() & (placement.page - 1)) == 0);
    MEMSEAL_ASSERT((part.range.end() & (placement.page - 1)) == 0);
    reached = part.range.end();
  }
  MEMSEAL_ASSERT(reached == extent.end());
  // A dynamic section may be read at its place.
  Address dynamic = layout->dynamic_begin();
  if (layout->dynamic_size() != 0)
    MEMSEAL_ASSERT(extent.contains(dynamic) &&
                   layout->dynamic_size() <= extent.end() - dynamic);

  // What may be written to is never sealable, unless it is RELRO.
  for (std::size_t i = 0; i < headers.size(); ++i) {
    Elf64_Phdr load = headers[i];
    if (load.p_type != PT_LOAD || load.p_memsz == 0 ||
        (load.p_flags & PF_W) == 0)
      continue;
    Address first = placement.bias + load.p_vaddr;
    for (const elf::Part &part : layout->parts()) {
      if (part.range.contains(first))
        MEMSEAL_ASSERT(part.kind == elf::PartKind::data ||
                       part.kind == elf::PartKind::relro);
    }
  }
}

void check_file(const elf::File &file, elf::Bytes bytes) {
  auto inside = [&](std::string_view text) {
    auto *begin = reinterpret_cast<const char *>(bytes.data());
    return text.empty() || (begin <= text.data() &&
                            text.data() + text.size() < begin + bytes.size());
  };
  MEMSEAL_ASSERT(inside(file.interpreter()));
  MEMSEAL_ASSERT(inside(file.soname()));
  MEMSEAL_ASSERT(inside(file.runpath()));
  MEMSEAL_ASSERT(inside(file.rpath()));
  std::size_t needed = file.needed_count();
  for (std::size_t i = 0; i < needed && i < 16; ++i)
    MEMSEAL_ASSERT(inside(file.needed(i)));
  file.dynamic().has_text_relocations();
  file.wants_executable_stack();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data,
                                      std::size_t size) {
  elf::Bytes bytes = std::as_bytes(std::span(data, size));
  for (std::size_t page : {4096, 65536}) {
    auto file = elf::File::create(bytes, page);
    if (file)
      check_file(*file, bytes);
    auto headers = elf::read_program_headers(bytes);
    if (!headers)
      continue;
    for (Address bias :
         {Address{0}, Address{0x7f1234560000}, Address{0} - 0x1000000})
      check_layout(*headers, {.bias = bias, .page = page});
  }
  return 0;
}
