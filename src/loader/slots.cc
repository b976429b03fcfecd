// SPDX-License-Identifier: Apache-2.0
#include "loader/slots.h"

#include <linux/limits.h>

#include <algorithm>
#include <cstring>

#include "base/inline_vector.h"
#include "loader/plt_object.h"
#include "loader/slot_block.h"
#include "loader/stub_copier.h"
#include "sys/file_reader.h"
#include "sys/memory.h"

namespace memseal::loader {
namespace {

#if defined(__x86_64__)
constexpr bool knows_this_machine = true;
#else
// Stubs of arm64 can be read and changed (elf/plt.h), not bound.
constexpr bool knows_this_machine = false;
#endif

// All static: dlopen may be called on a thread with a small stack.
constinit InlineVector<SlotsOutcome, 512> outcomes;
/// The first outcome that depends on what is in the block.
constinit std::size_t first_in_hand = 0;
constinit SlotBlock block;
constinit InlineVector<PageRange, 64> copies;
constinit PltObject object;
constinit elf::SlotSet led;

SlotRoom room_for_object() {
  constexpr std::size_t most_stub_bytes = 48;  // of one function
  return {
      .slots = object.writable.words() * sizeof(Address),
      .pages = object.writable.size() * most_stub_bytes / sys::page_size() + 4};
}

Outcome refusal(const Error &error) {
  return error.code == Errc::system
             ? Outcome{.reason = Reason::refused, .sys_errno = error.sys_errno}
             : Outcome{.reason = Reason::slots_out_of_reach};
}

/// Puts in place what is in the block.
void move_block() {
  if (first_in_hand == outcomes.size() && block.mark().pages == 0)
    return static_cast<void>(block.move());
  const Result<void> done = block.move();
  bool some_moved = false;
  for (std::size_t i = first_in_hand; i < outcomes.size(); ++i) {
    SlotsOutcome &item = outcomes[i];
    if (item.moved == 0)
      continue;
    if (done || block.has_moved({0, 0, item.runs})) {
      item.copies = block.slots();
      some_moved = true;
    } else {
      item.moved = 0;
      item.outcome = refusal(done.error());
    }
  }
  if (some_moved && !copies.push_back(block.slots()))
    slots_unsealed(block.slots(), {.reason = Reason::table_full});
  first_in_hand = outcomes.size();
}

/// What the file has in the slots, to where their copies will be.
Reason read_words(const sys::FileReader &file, std::span<std::byte> words) {
  auto offset = object.file_offset(object.writable.begin());
  return offset && file.read(words, *offset) ? Reason::none
                                             : Reason::slots_file;
}

void fill_copies(std::span<std::byte> words) {
  for (std::size_t at = 0; at < words.size(); at += sizeof(Address)) {
    const Address slot = object.writable.begin() + at;
    const Address value =
        led.has(slot) ? *reinterpret_cast<const Address *>(slot) : 0;
    std::memcpy(words.data() + at, &value, sizeof value);
  }
}

Reason prepare(const sys::FileReader &file, const Binder &binder) {
  const SlotBlock::Mark before = block.mark();
  std::span<std::byte> words =
      block.take_slots(object.writable.words() * sizeof(Address));
  Reason reason = read_words(file, words);
  Reason why_unbound = Reason::none;
  if (reason == Reason::none) {
    why_unbound = object.bind(binder, words);
    reason = copy_stubs({.object = object,
                         .file = file,
                         .copies = reinterpret_cast<Address>(words.data()),
                         .block = block,
                         .led = led},
                        words);
  }
  if (reason == Reason::none && led.size() < object.writable.size())
    reason = object.bound.size() < object.writable.size()
                 ? why_unbound
                 : Reason::stubs_unknown;
  if (led.size() > 0 && (reason == Reason::none || reason == why_unbound ||
                         reason == Reason::stubs_unknown)) {
    fill_copies(words);
    return reason;
  }
  led.start(0, 0);
  block.go_back(before);
  return reason;
}

Reason prepare_from(std::string_view name, const Binder &binder) {
  static char path[PATH_MAX];
  if (name.size() >= sizeof path)
    return Reason::slots_file;
  *std::copy(name.begin(), name.end(), path) = '\0';
  auto file = sys::FileReader::open(path);
  return file ? prepare(*file, binder) : Reason::slots_file;
}

Outcome take(const Image &image, const Binder &binder) {
  const PageRange extent = object.layout.extent();
  if (!block.serves(extent, room_for_object())) {
    move_block();
    if (auto mapped = block.map_for(extent, room_for_object()); !mapped)
      return refusal(mapped.error());
  }
  Reason reason = prepare_from(image.name, binder);
  // A script's name is the kernel's name for what interprets it.
  if (reason == Reason::slots_file && image.mapped_by == MappedBy::kernel)
    reason = prepare_from("/proc/self/exe", binder);
  return {.reason = reason};
}

}  // namespace

void begin_slots_batch() {
  outcomes.clear();
  copies.clear();
  first_in_hand = 0;
}

void take_slots(const Image &image, const Binder &binder) {
  if (image.map == nullptr || image.name == "[vdso]")
    return;
  Reason reason = object.find_slots(image);
  if (outcomes.full() ||
      (reason == Reason::none && object.writable.size() == 0))
    return;
  if (!knows_this_machine)
    reason = Reason::stubs_unknown;
  led.start(0, 0);
  SlotsOutcome item{.map = image.map, .writable = object.writable.size()};
  item.outcome =
      reason == Reason::none ? take(image, binder) : Outcome{.reason = reason};
  item.moved = led.size();
  item.runs = block.mark().runs;
  static_cast<void>(outcomes.push_back(item));
}

void move_slots() {
  move_block();
}

const SlotsOutcome *slots_of(const LinkMap *map) {
  for (const SlotsOutcome &item : outcomes) {
    if (item.map == map)
      return &item;
  }
  return nullptr;
}

std::span<const PageRange> slot_copies() {
  return copies.view();
}

void slots_unsealed(PageRange range, Outcome why) {
  for (SlotsOutcome &item : outcomes) {
    if (item.copies == range)
      item.outcome = why;
  }
}

}  // namespace memseal::loader
