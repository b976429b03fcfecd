// SPDX-License-Identifier: Apache-2.0
#include "elf/file.h"

#include <cstring>

#include "base/assert.h"
#include "elf/layout.h"
#include "memseal/error.h"

namespace memseal::elf {
namespace {

/// [offset, offset + size) of `bytes`.
Refusable<Bytes, Flaw> part_of(Bytes bytes, Elf64_Xword offset,
                               Elf64_Xword size, Flaw otherwise) {
  if (offset > bytes.size() || size > bytes.size() - offset)
    return refuse(otherwise);
  return bytes.subspan(offset, size);
}

/// The text up to the first zero byte, which must be there.
Refusable<std::string_view, Flaw> terminated(Bytes bytes) {
  const void *zero =
      bytes.empty() ? nullptr : std::memchr(bytes.data(), 0, bytes.size());
  if (zero == nullptr)
    return refuse(Flaw::strings_outside);
  auto *begin = reinterpret_cast<const char *>(bytes.data());
  return std::string_view(begin, static_cast<const char *>(zero) - begin);
}

}  // namespace

Refusable<File, Flaw> File::create(Bytes bytes, std::size_t page) {
  File file;
  file.bytes_ = bytes;
  file.header_ = MEMSEAL_TRY(read_header(bytes));
  file.program_headers_ = MEMSEAL_TRY(read_program_headers(bytes));
  if (Refusable<Layout, Flaw> layout =
          Layout::create(file.program_headers_, {.bias = 0, .page = page});
      !layout)
    return refuse(layout.error());

  for (std::size_t i = 0; i < file.program_headers_.size(); ++i) {
    Elf64_Phdr entry = file.program_headers_[i];
    if (entry.p_type != PT_LOAD && entry.p_type != PT_INTERP)
      continue;
    Bytes content = MEMSEAL_TRY(
        part_of(bytes, entry.p_offset, entry.p_filesz, Flaw::outside_file));
    if (entry.p_type == PT_INTERP)
      file.interpreter_ = MEMSEAL_TRY(terminated(content));
  }
  file.tls_ = file.program_headers_.first(PT_TLS);
  MEMSEAL_TRY_VOID(file.read_dynamic());
  return file;
}

Refusable<void, Flaw> File::read_dynamic() {
  Elf64_Phdr entry = program_headers_.first(PT_DYNAMIC);
  if (entry.p_type != PT_DYNAMIC)
    return {};
  dynamic_ = DynamicSection(MEMSEAL_TRY(
      part_of(bytes_, entry.p_offset, entry.p_filesz, Flaw::dynamic_outside)));

  if (dynamic_.has(DT_STRTAB)) {
    auto table =
        at_address(dynamic_.value(DT_STRTAB), dynamic_.value(DT_STRSZ));
    if (!table)
      return refuse(Flaw::strings_outside);
    strings_ = *table;
  }
  // Every name is looked at now, so that the getters cannot fail.
  for (std::size_t i = 0; i < dynamic_.size(); ++i) {
    Elf64_Dyn item = dynamic_[i];
    if (item.d_tag == DT_NEEDED || item.d_tag == DT_SONAME ||
        item.d_tag == DT_RUNPATH || item.d_tag == DT_RPATH) {
      if (auto text = text_at(item.d_un.d_val); !text)
        return refuse(text.error());
    }
  }
  return {};
}

Refusable<Bytes, Flaw> File::at_address(Elf64_Addr address,
                                        std::size_t size) const {
  for (std::size_t i = 0; i < program_headers_.size(); ++i) {
    Elf64_Phdr load = program_headers_[i];
    if (load.p_type == PT_LOAD && load.p_vaddr <= address &&
        address - load.p_vaddr < load.p_filesz &&
        size <= load.p_filesz - (address - load.p_vaddr))
      return part_of(bytes_, load.p_offset + (address - load.p_vaddr), size,
                     Flaw::outside_file);
  }
  return refuse(Flaw::outside_file);
}

Refusable<std::string_view, Flaw> File::text_at(Elf64_Xword offset) const {
  if (offset >= strings_.size())
    return refuse(Flaw::strings_outside);
  return terminated(strings_.subspan(offset));
}

std::string_view File::string(Elf64_Sxword tag) const {
  if (!dynamic_.has(tag))
    return {};
  return *text_at(dynamic_.value(tag));
}

bool File::may_name(std::string_view name) const {
  std::string_view all(reinterpret_cast<const char *>(strings_.data()),
                       strings_.size());
  for (std::size_t at = all.find(name); at != std::string_view::npos;
       at = all.find(name, at + 1)) {
    std::size_t end = at + name.size();
    if (end < all.size() && all[end] == '\0')
      return true;
  }
  return false;
}

bool File::wants_executable_stack() const {
  Elf64_Phdr stack = program_headers_.first(PT_GNU_STACK);
  return stack.p_type != PT_GNU_STACK || (stack.p_flags & PF_X) != 0;
}

std::size_t File::needed_count() const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < dynamic_.size(); ++i)
    count += dynamic_[i].d_tag == DT_NEEDED;
  return count;
}

std::string_view File::needed(std::size_t i) const {
  for (std::size_t at = 0; at < dynamic_.size(); ++at) {
    Elf64_Dyn entry = dynamic_[at];
    if (entry.d_tag == DT_NEEDED && i-- == 0)
      return *text_at(entry.d_un.d_val);
  }
  MEMSEAL_ASSERT(!"needed: no such entry");
  return {};
}

}  // namespace memseal::elf
