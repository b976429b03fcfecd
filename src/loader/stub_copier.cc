// SPDX-License-Identifier: Apache-2.0
#include "loader/stub_copier.h"

#include <algorithm>
#include <cstring>

#include "base/inline_vector.h"
#include "sys/memory.h"

namespace memseal::loader {
namespace {

/// Code in which all stubs are looked for; more is looked at from both ends.
constexpr std::size_t little_code = std::size_t{1} << 20;
/// For one function, all of its stubs together.
constexpr std::size_t most_stub_bytes = 48;
/// Between two kinds of stubs, or before the first.
constexpr std::size_t other_stubs = 4096;

using Window = PageRange;  // need not be whole pages
using Windows = InlineVector<Window, 8>;

class Copier {
public:
  explicit Copier(const StubPlan &plan) : plan_(plan) {}

  void go_through(Window window);
  /// Once all was gone through.
  void set_trap() {
    for (std::byte &byte : resolver_stub_)
      byte = elf::trap_byte;
  }
  Reason trouble() const { return trouble_; }

private:
  void handle(elf::Stub stub);
  void handle_resolver_stub(std::size_t at);
  bool take_page(Address page);

  const StubPlan &plan_;
  elf::Code code_{};
  Address page_ = 0;  ///< of which `copy_` is the copy
  std::span<std::byte> copy_{};
  std::span<std::byte> resolver_stub_{};
  Reason trouble_ = Reason::none;
};

/// Makes `copy_` that page's: from the file, for in memory there may be
/// breakpoints.
bool Copier::take_page(Address page) {
  if (page == page_)
    return true;
  auto copy = plan_.block.take_page(page);
  auto offset = plan_.object.file_offset(page);
  if (!copy)
    trouble_ = Reason::table_full;
  else if (!offset || !plan_.file.read(*copy, *offset) ||
           std::memcmp(copy->data(), reinterpret_cast<const void *>(page),
                       copy->size()) != 0)
    trouble_ = Reason::slots_file;
  if (trouble_ != Reason::none)
    return false;
  page_ = page;
  copy_ = *copy;
  return true;
}

void Copier::handle(elf::Stub stub) {
  const PltObject &object = plan_.object;
  if (!object.bound.has(stub.slot))
    return;
  const std::size_t page = sys::page_size();
  const Address at = code_.begin + stub.at;
  // No linker lays a stub across pages.
  if (at % page > page - elf::stub_size || !take_page(at & ~(page - 1)))
    return;
  const elf::Stub in_page{.at = at % page, .slot = stub.slot};
  const Address to = plan_.copies + (stub.slot - object.writable.begin());
  if (elf::point_stub(copy_, page_, in_page, to))
    plan_.led.add(stub.slot);
  else
    trouble_ = Reason::slots_out_of_reach;
}

void Copier::handle_resolver_stub(std::size_t at) {
  const std::size_t page = sys::page_size();
  const std::size_t size =
      elf::read_resolver_stub(code_, at, plan_.object.plt_got);
  const Address begin = code_.begin + at;
  if (size == 0 || !resolver_stub_.empty() || !take_page(begin & ~(page - 1)))
    return;
  const std::size_t in_page = begin % page;
  resolver_stub_ = copy_.subspan(in_page, std::min(size, page - in_page));
}

void Copier::go_through(Window window) {
  code_ = {{reinterpret_cast<const std::byte *>(window.begin()), window.size()},
           window.begin()};
  const bool has_resolver = plan_.object.plt_got != 0;
  for (std::size_t at = 0; at < window.size() && trouble_ == Reason::none;
       at += elf::stub_step) {
    if (auto stub = elf::read_stub(code_, at))
      handle(*stub);
    else if (has_resolver)
      handle_resolver_stub(at);
  }
}

Window clipped(Address begin, Address end, PageRange text) {
  begin = std::max(begin & ~Address{15}, text.begin());
  end = std::min(end, text.end());
  return *PageRange::create(begin, end - begin, 1);
}

/// Before it is bound a slot leads to its stub, and the file says where.
Windows told_by_file(const StubPlan &plan, std::span<const std::byte> words) {
  Windows windows;
  const elf::SlotSet &slots = plan.object.writable;
  for (const elf::Part &part : plan.object.layout.parts()) {
    if (part.kind != elf::PartKind::text)
      continue;
    Address first = ~Address{0}, last = 0;
    for (std::size_t i = 0; i < slots.words(); ++i) {
      const Address slot = slots.begin() + i * sizeof(Address);
      const Address to = plan.object.map->l_addr + word_of(words, slots, slot);
      if (!slots.has(slot) || !part.range.contains(to))
        continue;
      first = std::min(first, to);
      last = std::max(last, to);
    }
    if (last != 0)
      static_cast<void>(windows.push_back(clipped(
          first - 64, last + slots.size() * most_stub_bytes + other_stubs,
          part.range)));
  }
  return windows;
}

Windows whole_code(const StubPlan &plan) {
  Windows windows;
  const std::size_t stubs =
      plan.object.writable.size() * most_stub_bytes + 16 * other_stubs;
  for (const elf::Part &part : plan.object.layout.parts()) {
    if (part.kind != elf::PartKind::text)
      continue;
    const PageRange text = part.range;
    if (text.size() <= std::max(little_code, 2 * stubs)) {
      static_cast<void>(windows.push_back(text));
      continue;
    }
    static_cast<void>(
        windows.push_back(clipped(text.begin(), text.begin() + stubs, text)));
    static_cast<void>(
        windows.push_back(clipped(text.end() - stubs, text.end(), text)));
  }
  return windows;
}

/// Whether all code may be read.
bool is_readable(const PltObject &object) {
  for (std::size_t i = 0; i < object.headers.size(); ++i) {
    const Elf64_Phdr load = object.headers[i];
    if (load.p_type == PT_LOAD && (load.p_flags & PF_X) != 0 &&
        (load.p_flags & PF_R) == 0)
      return false;
  }
  return true;
}

}  // namespace

Reason copy_stubs(const StubPlan &plan, std::span<const std::byte> file_words) {
  const PltObject &object = plan.object;
  if (!is_readable(object))
    return Reason::stubs_unknown;
  const SlotBlock::Mark before = plan.block.mark();
  for (const Windows &windows :
       {told_by_file(plan, file_words), whole_code(plan)}) {
    plan.block.go_back(before);
    plan.led.start(object.writable.begin(), object.writable.words());
    Copier copier(plan);
    for (Window window : windows)
      copier.go_through(window);
    if (copier.trouble() != Reason::none)
      return copier.trouble();
    if (plan.led.size() < object.bound.size())
      continue;
    if (object.only_slots && object.all_writable &&
        plan.led.size() == object.writable.size())
      copier.set_trap();
    break;
  }
  return Reason::none;
}

}  // namespace memseal::loader
