// SPDX-License-Identifier: Apache-2.0
#include "elf/layout.h"

#include "memseal/error.h"

namespace memseal::elf {

const char *name(PartKind kind) {
  switch (kind) {
    case PartKind::text:
      return "text";
    case PartKind::rodata:
      return "rodata";
    case PartKind::relro:
      return "relro";
    case PartKind::gap:
      return "gap";
    case PartKind::data:
      return "data";
  }
  return "unknown";
}

bool is_among(PartKind kind, SegmentSet wanted) {
  switch (kind) {
    case PartKind::text:
    case PartKind::gap:
      return wanted.text;
    case PartKind::rodata:
      return wanted.rodata;
    case PartKind::relro:
      return wanted.relro;
    case PartKind::data:
      break;
  }
  return false;
}

Placement placement_of(const ProgramHeaders &headers, const Mapping &mapping,
                       std::size_t page) {
  Elf64_Phdr load = headers.first(PT_LOAD);
  // Where the file's first byte is or would be, less where the headers want it.
  Address file_begin = mapping.range.begin() - mapping.offset;
  return {.bias = file_begin + (load.p_offset & ~(page - 1)) -
                  (load.p_vaddr & ~(page - 1)),
          .page = page};
}

// Addresses here are those of the file; the bias is added last, since for a
// prelinked library it is "negative".
class LayoutBuilder {
public:
  LayoutBuilder(const ProgramHeaders &headers, Placement placement,
                Layout &layout)
      : headers_(headers), place_(placement), layout_(layout) {
    layout.clear();
  }

  Refusable<void, Flaw> build() {
    if ((place_.bias & (place_.page - 1)) != 0)
      return refuse(Flaw::misaligned);
    MEMSEAL_TRY_VOID(find_relro());
    bool relro_placed = relro_begin_ == relro_end_;
    for (std::size_t i = 0; i < headers_.size(); ++i) {
      Elf64_Phdr load = headers_[i];
      if (load.p_type != PT_LOAD || load.p_memsz == 0)
        continue;
      MEMSEAL_TRY_VOID(check(load));
      Elf64_Addr begin = down(load.p_vaddr);
      Elf64_Addr end = MEMSEAL_TRY(up(load.p_vaddr + load.p_memsz));
      if (layout_.parts_.empty())
        reached_ = begin;
      if (begin < reached_)
        return refuse(Flaw::overlapping);
      MEMSEAL_TRY_VOID(add(PartKind::gap, begin));
      bool holds_relro = relro_begin_ < relro_end_ && begin <= relro_begin_ &&
                         relro_end_ <= end && (load.p_flags & PF_W) != 0;
      relro_placed = relro_placed || holds_relro;
      MEMSEAL_TRY_VOID(add_segment(load, end, holds_relro));
    }
    if (layout_.parts_.empty())
      return refuse(Flaw::no_segments);
    if (!relro_placed)
      return refuse(Flaw::relro_outside);
    MEMSEAL_TRY_VOID(find_dynamic());
    return widen_last();
  }

private:
  Elf64_Addr down(Elf64_Addr a) const { return a & ~(place_.page - 1); }
  Refusable<Elf64_Addr, Flaw> up(Elf64_Addr a) const {
    Elf64_Addr end;
    if (__builtin_add_overflow(a, place_.page - 1, &end))
      return refuse(Flaw::overflow);
    return down(end);
  }

  // glibc rounds both ends of RELRO down (elf/dl-reloc.c, _dl_protect_relro),
  // musl too (ldso/dynlink.c, reloc_all): a last partial page stays writable.
  Refusable<void, Flaw> find_relro() {
    bool seen = false;
    for (std::size_t i = 0; i < headers_.size(); ++i) {
      Elf64_Phdr relro = headers_[i];
      if (relro.p_type != PT_GNU_RELRO)
        continue;
      if (seen)
        return refuse(Flaw::relro_twice);
      seen = true;
      Elf64_Addr end;
      if (__builtin_add_overflow(relro.p_vaddr, relro.p_memsz, &end))
        return refuse(Flaw::overflow);
      relro_begin_ = down(relro.p_vaddr);
      relro_end_ = down(end);
      if (relro_end_ < relro_begin_)  // inside a single page
        relro_end_ = relro_begin_;
    }
    return {};
  }

  // The checks of glibc's elf/dl-load.c, _dl_map_object_from_fd, and more.
  Refusable<void, Flaw> check(const Elf64_Phdr &load) const {
    Elf64_Addr end;
    if (__builtin_add_overflow(load.p_vaddr, load.p_memsz, &end) ||
        __builtin_add_overflow(load.p_offset, load.p_filesz, &end))
      return refuse(Flaw::overflow);
    if (load.p_filesz > load.p_memsz)
      return refuse(Flaw::size_lie);
    bool aligned = load.p_align >= place_.page || place_.whole_file != 0;
    if (!aligned || (load.p_align & (load.p_align - 1)) != 0 ||
        ((load.p_vaddr - load.p_offset) & (place_.page - 1)) != 0)
      return refuse(Flaw::misaligned);
    return {};
  }

  Refusable<void, Flaw> add_segment(const Elf64_Phdr &load, Elf64_Addr end,
                                    bool holds_relro) {
    if ((load.p_flags & PF_W) == 0) {
      bool runs = (load.p_flags & PF_X) != 0;
      return add(runs ? PartKind::text : PartKind::rodata, end);
    }
    if (holds_relro) {
      MEMSEAL_TRY_VOID(add(PartKind::data, relro_begin_));
      MEMSEAL_TRY_VOID(add(PartKind::relro, relro_end_));
    }
    return add(PartKind::data, end);
  }

  /// From where the last part ended up to `end`. Nothing if that is empty.
  Refusable<void, Flaw> add(PartKind kind, Elf64_Addr end) {
    if (end == reached_)
      return {};
    auto range =
        PageRange::create(place_.bias + reached_, end - reached_, place_.page);
    if (!range)
      return refuse(Flaw::overflow);
    // The bias may wrap the addresses of the object, but not inside it.
    if (!layout_.parts_.empty() &&
        layout_.parts_.back().range.end() != range->begin())
      return refuse(Flaw::overflow);
    reached_ = end;
    if (!layout_.parts_.push_back({kind, *range}))
      return refuse(Flaw::too_many_headers);
    return {};
  }

  Refusable<void, Flaw> widen_last() {
    Elf64_Addr end = MEMSEAL_TRY(up(place_.whole_file));
    if (end <= reached_)
      return {};
    Part &last = layout_.parts_.back();
    auto range = PageRange::create(
        last.range.begin(), last.range.size() + (end - reached_), place_.page);
    if (!range)
      return refuse(Flaw::overflow);
    last.range = *range;
    return {};
  }

  Refusable<void, Flaw> find_dynamic() {
    bool seen = false;
    for (std::size_t i = 0; i < headers_.size(); ++i) {
      Elf64_Phdr dynamic = headers_[i];
      if (dynamic.p_type != PT_DYNAMIC)
        continue;
      if (seen || !inside_segment(dynamic.p_vaddr, dynamic.p_memsz))
        return refuse(Flaw::dynamic_outside);
      seen = true;
      layout_.dynamic_begin_ = place_.bias + dynamic.p_vaddr;
      layout_.dynamic_size_ = dynamic.p_memsz;
    }
    return {};
  }

  bool inside_segment(Elf64_Addr begin, Elf64_Xword size) const {
    for (std::size_t i = 0; i < headers_.size(); ++i) {
      Elf64_Phdr load = headers_[i];
      if (load.p_type == PT_LOAD && load.p_vaddr <= begin &&
          begin - load.p_vaddr <= load.p_memsz &&
          size <= load.p_memsz - (begin - load.p_vaddr))
        return true;
    }
    return false;
  }

  const ProgramHeaders &headers_;
  Placement place_;
  Layout &layout_;
  Elf64_Addr relro_begin_ = 0, relro_end_ = 0;
  Elf64_Addr reached_ = 0;  ///< end of the last part
};

Refusable<Layout, Flaw> Layout::create(const ProgramHeaders &headers,
                                       Placement placement) {
  Refusable<Layout, Flaw> layout;
  if (auto created = create(headers, placement, *layout); !created)
    layout = std::unexpected(created.error());
  return layout;
}

Refusable<void, Flaw> Layout::create(const ProgramHeaders &headers,
                                     Placement placement, Layout &layout) {
  return LayoutBuilder(headers, placement, layout).build();
}

void Layout::set_pages(PartKind kind, PageRange range) {
  clear();
  MEMSEAL_ASSERT(parts_.push_back({kind, range}));
}

void Layout::clear() {
  parts_.clear();
  dynamic_begin_ = 0;
  dynamic_size_ = 0;
}

PageRange Layout::extent() const {
  PageRange first = parts_[0].range, last = parts_.back().range;
  return *PageRange::create(first.begin(), last.end() - first.begin(), 1);
}

}  // namespace memseal::elf
