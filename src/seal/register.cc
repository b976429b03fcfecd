// SPDX-License-Identifier: Apache-2.0
#include "seal/register.h"

#include <algorithm>
#include <atomic>

#include "base/assert.h"
#include "sys/memory.h"
#include "sys/named_memory.h"
#include "sys/threads.h"

namespace memseal {
namespace {

// Far more than is used at first, and only addresses: the kernel puts new
// mappings into the gaps between old ones, and the register stays for ever. So
// it asks for a place that only a large gap has, lest it fill a hole that the
// program is going to ask about.
constexpr std::size_t first_size = std::size_t{256} << 10;
constexpr std::size_t most_entries = std::size_t{1} << 20;

std::atomic<RegisterHeader *> first_register{nullptr};

std::atomic_ref<std::uint32_t> generation_of(const RegisterHeader &header) {
  return std::atomic_ref(const_cast<RegisterHeader &>(header).generation);
}

std::atomic_ref<std::uint64_t> next_of(RegisterHeader &header) {
  return std::atomic_ref(header.next);
}

RegisterHeader *newest(RegisterHeader *header) {
  while (auto next = next_of(*header).load(std::memory_order_acquire))
    header = reinterpret_cast<RegisterHeader *>(next);
  return header;
}

RegisterEntry *table_of(const RegisterHeader &header, std::uint32_t index) {
  auto at = reinterpret_cast<Address>(&header) + header.table[index].offset;
  return reinterpret_cast<RegisterEntry *>(at);
}

/// The tables and, in the last page, the lock if it is this register's.
PageRange pages_of(const RegisterHeader &header) {
  auto range = PageRange::create(reinterpret_cast<Address>(&header),
                                 header.size, sys::page_size());
  MEMSEAL_ASSERT(range);
  return *range;
}

/// An empty register, still writable, with a page to spare at its end.
Result<RegisterHeader *> map_register(std::size_t size) {
  PageRange whole = MEMSEAL_TRY(sys::map_named(register_name, size));
  auto *header = reinterpret_cast<RegisterHeader *>(whole.begin());
  std::size_t page = sys::page_size();
  std::size_t capacity = (whole.size() - page - sizeof(RegisterHeader)) /
                         (2 * sizeof(RegisterEntry));
  header->version = register_version;
  header->page_size = static_cast<std::uint32_t>(page);
  header->size = whole.size() - page;
  header->capacity = static_cast<std::uint32_t>(capacity);
  header->table[0].offset = sizeof(RegisterHeader);
  header->table[1].offset = static_cast<std::uint32_t>(
      sizeof(RegisterHeader) + capacity * sizeof(RegisterEntry));
  header->lock = whole.end() - page;
  return header;
}

void mark(RegisterHeader &header) {
  std::atomic_ref(header.magic)
      .store(register_magic, std::memory_order_release);
}

Result<RegisterHeader *> make_register() {
  RegisterHeader *made = MEMSEAL_TRY(map_register(first_size));
  auto lock = PageRange::create(made->lock, sys::page_size(), sys::page_size());
  auto all = PageRange::create(reinterpret_cast<Address>(made),
                               made->size + lock->size(), sys::page_size());
  if (auto replaced = sys::replace_by_wiped_on_fork(*lock); !replaced) {
    (void)sys::unmap(*all);
    return std::unexpected(replaced.error());
  }
  // From the mark on another thread may find it, and would write to it.
  RegisterLock until_done(made);
  mark(*made);
  (void)sys::protect(pages_of(*made), Protection{Protection::read});
  RegisterHeader *nobodys = nullptr;
  if (first_register.compare_exchange_strong(nobodys, made))
    return made;
  if (nobodys == made)  // another thread found ours before we said so
    return made;
  // Another thread, or the handler of a signal, was faster. Who looks for
  // registers may be reading ours: it becomes memory of zeros, and stays.
  (void)sys::replace_by_wiped_on_fork(*all);
  return nobodys;
}

RegisterHeader *known_register() {
  RegisterHeader *header = first_register.load(std::memory_order_acquire);
  if (header == nullptr) {
    header = register_of_other_copy();
    RegisterHeader *nobodys = nullptr;
    if (header != nullptr &&
        !first_register.compare_exchange_strong(nobodys, header))
      header = nobodys;
  }
  return header;
}

/// A register twice as big or more, with everything the old one says, that
/// takes its place.
Result<RegisterHeader *> grow(RegisterHeader *old, std::size_t needed) {
  if (needed > most_entries)
    return fail(Errc::budget);
  std::size_t size = old->size;
  while (size < (needed + 1) * 2 * sizeof(RegisterEntry))
    size *= 2;
  RegisterHeader *header =
      MEMSEAL_TRY(map_register(size + 2 * sys::page_size()));
  auto spare =
      PageRange::create(header->lock, sys::page_size(), sys::page_size());
  (void)sys::unmap(*spare);
  header->lock = old->lock;
  std::uint32_t active = old->generation & 1;
  std::uint32_t count = old->table[active].count;
  std::copy_n(table_of(*old, active), count, table_of(*header, active));
  header->table[active].count = count;
  header->generation = old->generation;
  header->base_level = old->base_level;
  header->open = old->open;
  header->deadly = old->deadly;
  header->filters = old->filters;
  header->kernel_instructions = old->kernel_instructions;

  mark(*header);

  MEMSEAL_TRY_VOID(sys::protect(
      pages_of(*old), Protection{Protection::read | Protection::write}));
  next_of(*old).store(reinterpret_cast<std::uint64_t>(header),
                      std::memory_order_release);
  (void)sys::protect(pages_of(*old), Protection{Protection::read});
  return header;
}

}  // namespace

const RegisterHeader *find_register() {
  RegisterHeader *header = known_register();
  return header == nullptr ? nullptr : newest(header);
}

// A writer of the next change but one may be writing to the table that is read
// here. Then the generation has moved on, and what was read is thrown away. The
// race detector is told not to look; so the search is written out here.
__attribute__((no_sanitize("thread"))) RegisterEntry read_entry(
    const RegisterHeader &header, Address at) {
  for (;;) {
    std::uint32_t seen = generation_of(header).load(std::memory_order_acquire);
    const RegisterEntry *table = table_of(header, seen & 1);
    std::uint32_t count = header.table[seen & 1].count;
    if (count > header.capacity)
      count = header.capacity;
    std::uint32_t first = 0;  // that ends behind `at`
    for (std::uint32_t last = count; first != last;) {
      std::uint32_t middle = first + (last - first) / 2;
      if (table[middle].end <= at)
        first = middle + 1;
      else
        last = middle;
    }
    RegisterEntry found{0, ~std::uint64_t{0}, 0, 0, 0, 0};
    if (first != count && table[first].begin <= at) {
      found = table[first];
    } else {
      found.begin = first == 0 ? 0 : table[first - 1].end;
      if (first != count)
        found.end = table[first].begin;
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    if (generation_of(header).load(std::memory_order_relaxed) == seen)
      return found;
  }
}

Result<RegisterHeader *> RegisterLock::prepare() {
  if (RegisterHeader *known = known_register(); known != nullptr)
    return known;
  return make_register();
}

RegisterLock::RegisterLock(RegisterHeader *header)
    : signals_(~sys::signal_bit(quiesce_signal)),
      word_(reinterpret_cast<std::atomic<std::uint32_t> *>(header->lock)) {
  auto self = static_cast<std::uint32_t>(sys::current_thread());
  for (;;) {
    std::uint32_t holder = 0;
    if (word_->compare_exchange_strong(holder, self, std::memory_order_acquire))
      return;
    sys::wait(*word_, holder, 1'000);
  }
}

RegisterLock::~RegisterLock() {
  word_->store(0, std::memory_order_release);
  sys::wake(*word_);
}

Result<RegisterChange> RegisterChange::begin(RegisterHeader *any,
                                             std::size_t requests) {
  RegisterHeader *header = newest(any);
  std::size_t count = header->table[header->generation & 1].count;
  std::size_t needed = SealTable::entries_needed(count, requests);
  if (needed > header->capacity)
    header = MEMSEAL_TRY(grow(header, needed));
  else
    MEMSEAL_TRY_VOID(sys::protect(
        pages_of(*header), Protection{Protection::read | Protection::write}));

  std::uint32_t active = header->generation & 1;
  RegisterEntry *draft = table_of(*header, active ^ 1);
  // A reader that sees any of what is written from here on sees the present
  // generation too, and knows that the draft is no longer the table in force.
  std::atomic_thread_fence(std::memory_order_release);
  std::copy_n(table_of(*header, active), count, draft);
  return RegisterChange(header, pages_of(*header),
                        SealTable({draft, header->capacity}, count));
}

RegisterChange::~RegisterChange() {
  if (header_ != nullptr)
    (void)sys::protect(whole_, Protection{Protection::read});
}

void RegisterChange::publish() {
  std::uint32_t next = header_->generation + 1;
  header_->table[next & 1].count =
      static_cast<std::uint32_t>(table_.entries().size());
  generation_of(*header_).store(next, std::memory_order_release);
}

}  // namespace memseal
