// SPDX-License-Identifier: Apache-2.0
#include "arena/arena.h"

#include <linux/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <new>

#include "arena/guard.h"
#include "arena/window.h"
#include "seal/lasting.h"
#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal {
namespace {

// Addresses are mapped ahead in steps that double from the first to the last,
// so that small arenas stay small and big ones make few calls.
constexpr std::size_t first_step = std::size_t{256} << 10;
constexpr std::size_t last_step = std::size_t{64} << 20;

// Memory is taken ahead of the cursor too: entering the kernel once for many
// pages costs less than a page fault each, and the faults after a seal cost
// most. A quarter of what is in use, so that small arenas waste nothing, and no
// more than brings something.
//
// Huge pages are left to the system's policy. Asking for them (MADV_HUGEPAGE)
// makes building three times as fast where there are some, and twice as slow
// where the kernel first has to compact memory for them.
constexpr std::size_t ahead_share = 4;
constexpr std::size_t most_ahead = std::size_t{256} << 10;

// Headers older than the kernel lack it. Linux 5.14; earlier ones refuse it.
constexpr int advice_populate_write = 23;

constinit SpinLock all_lock;
constinit Arena *all = nullptr;

Address round_up(Address value, std::size_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

}  // namespace

Arena::Arena(PageRange reservation, Engine engine)
    : reservation_(reservation),
      engine_(engine),
      sealed_end_(reservation.begin()),
      cursor_(reservation.begin()),
      backed_end_(reservation.begin()),
      mapped_end_(reservation.begin()) {}

Result<Arena *> Arena::create(std::size_t reservation, Engine engine) {
  MEMSEAL_ASSERT(engine == Engine::native || engine == Engine::filter);
  if (engine == Engine::filter)
    MEMSEAL_TRY_VOID(guard_window());

  PageRange slice = MEMSEAL_TRY(take_slice(reservation));
  auto control = sys::map_anonymous(sizeof(Arena));
  if (!control) {
    return_slice(slice);
    return std::unexpected(control.error());
  }
  auto *arena =
      new (reinterpret_cast<void *>(control->begin())) Arena(slice, engine);
  SpinLock::Guard guard(all_lock);
  arena->next_ = all;
  __atomic_store_n(&all, arena, __ATOMIC_RELEASE);
  return arena;
}

const Arena *Arena::find(Address at) {
  for (const Arena *arena = __atomic_load_n(&all, __ATOMIC_ACQUIRE);
       arena != nullptr; arena = arena->next_)
    if (arena->reservation_.contains(at))
      return arena;
  return nullptr;
}

void Arena::hold_all() {
  all_lock.lock();
  for (Arena *arena = all; arena != nullptr; arena = arena->next_)
    arena->lock_.lock();
  hold_window();
}

void Arena::release_all() {
  release_window();
  for (Arena *arena = all; arena != nullptr; arena = arena->next_)
    arena->lock_.unlock();
  all_lock.unlock();
}

Result<void *> Arena::allocate(std::size_t size, std::size_t alignment) {
  MEMSEAL_ASSERT(alignment != 0 && (alignment & (alignment - 1)) == 0);
  Address begin = 0;
  std::optional<PageRange> ahead;
  {
    SpinLock::Guard guard(lock_);
    begin = round_up(cursor_, alignment);
    Address end = begin + (size == 0 ? 1 : size);
    if (begin < cursor_ || end < begin || end > reservation_.end())
      return fail(Errc::capacity);
    if (end > mapped_end_)
      MEMSEAL_TRY_VOID(grow_to(end));
    if (end > backed_end_)
      ahead = take_ahead(end);
    cursor_ = end;
  }
  // Outside the lock: it takes a while, and touches nobody's content.
  if (ahead)
    (void)sys::call(SYS_madvise, ahead->begin(), ahead->size(),
                    advice_populate_write);
  return reinterpret_cast<void *>(begin);
}

Result<void> Arena::grow_to(Address end) {
  std::size_t used = mapped_end_ - reservation_.begin();
  std::size_t step = std::clamp(used, first_step, last_step);
  Address needed = round_up(end, sys::page_size());
  Address wanted =
      std::max(needed, std::min(mapped_end_ + step, reservation_.end()));
  auto grown = map_until(wanted);
  // Near a limit, or before something foreign in the hole.
  if (!grown && needed < wanted)
    grown = map_until(needed);
  return grown;
}

Result<void> Arena::map_until(Address end) {
  std::size_t size = end - mapped_end_;
  // With NOREPLACE a kernel before 4.17 takes the address as a mere hint: the
  // answer says whether it was honoured.
  long at = MEMSEAL_TRY(sys::result(sys::call(
      SYS_mmap, mapped_end_, size, Protection::read | Protection::write,
      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0)));
  if (static_cast<Address>(at) != mapped_end_) {
    (void)sys::call(SYS_munmap, at, size);
    return fail(Errc::unsupported);
  }
  mapped_end_ = end;
  return {};
}

std::optional<PageRange> Arena::take_ahead(Address end) {
  std::size_t page = sys::page_size();
  std::size_t used = cursor_ - reservation_.begin();
  std::size_t ahead = std::min(used / ahead_share, most_ahead);
  // What is larger may be meant to be sparse: it is left to page faults.
  bool is_small = end - cursor_ <= ahead;
  Address begin = std::max(backed_end_, round_up(cursor_, page));
  Address wanted = std::min((end + ahead) & ~(page - 1), mapped_end_);
  backed_end_ = std::max(backed_end_, round_up(end, page));
  if (!is_small || wanted <= backed_end_)
    return {};
  backed_end_ = wanted;
  auto taken = PageRange::create(begin, wanted - begin, page);
  return taken ? std::optional(*taken) : std::nullopt;
}

Result<void> Arena::seal() {
  SpinLock::Guard guard(lock_);
  std::size_t page = sys::page_size();
  Address end = round_up(cursor_, page);
  if (end == sealed_end_)
    return {};
  // The kernel merges VMAs only if their pages stem from the same one. So the
  // open VMA must outlive every seal: grow it before its last page is closed.
  // At the end of the reservation, or of memory, this merely cannot be had.
  if (end == mapped_end_ && end < reservation_.end())
    (void)grow_to(end + page);
  PageRange closed =
      MEMSEAL_TRY(PageRange::create(sealed_end_, end - sealed_end_, page));
  if (engine_ == Engine::native)
    MEMSEAL_TRY_VOID(make_content_last(closed));
  MEMSEAL_TRY_VOID(sys::protect(closed, {Protection::read}));
  if (engine_ == Engine::native) {
    if (auto sealed = sys::mseal(closed); !sealed) {
      (void)sys::protect(closed, {Protection::read | Protection::write});
      return sealed;
    }
  }
  sealed_end_ = cursor_ = end;
  return {};
}

// With a filter no such advice was ever permitted here.
Result<void> Arena::make_content_last(PageRange closed) {
  MEMSEAL_TRY_VOID(take_back_lazy_frees(closed));
  for (int advice : {MADV_DOFORK, MADV_KEEPONFORK})
    MEMSEAL_TRY(sys::result(
        sys::call(SYS_madvise, closed.begin(), closed.size(), advice)));
  return {};
}

bool Arena::is_sealed(const void *address, std::size_t size) const {
  SpinLock::Guard guard(lock_);
  Address begin = reinterpret_cast<Address>(address);
  return reservation_.begin() <= begin && begin <= sealed_end_ &&
         size <= sealed_end_ - begin;
}

std::size_t Arena::sealed_bytes() const {
  SpinLock::Guard guard(lock_);
  return sealed_end_ - reservation_.begin();
}

std::size_t Arena::open_bytes() const {
  SpinLock::Guard guard(lock_);
  return cursor_ - sealed_end_;
}

}  // namespace memseal
