// SPDX-License-Identifier: Apache-2.0
#include "arena/arena.h"

#include <linux/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <new>

#include "arena/guard.h"
#include "arena/window.h"
#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal {
namespace {

// Memory is mapped ahead in steps that double from the first to the last, so
// that small arenas stay small and big ones make few calls.
constexpr std::size_t first_step = std::size_t{256} << 10;
constexpr std::size_t last_step = std::size_t{64} << 20;

Address round_up(Address value, std::size_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

}  // namespace

Arena::Arena(PageRange reservation, Engine engine)
    : reservation_(reservation),
      engine_(engine),
      sealed_end_(reservation.begin()),
      cursor_(reservation.begin()),
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
  return new (reinterpret_cast<void *>(control->begin())) Arena(slice, engine);
}

Result<void *> Arena::allocate(std::size_t size, std::size_t alignment) {
  MEMSEAL_ASSERT(alignment != 0 && (alignment & (alignment - 1)) == 0);
  SpinLock::Guard guard(lock_);
  Address begin = round_up(cursor_, alignment);
  Address end = begin + (size == 0 ? 1 : size);
  if (begin < cursor_ || end < begin || end > reservation_.end())
    return fail(Errc::capacity);
  if (end > mapped_end_)
    MEMSEAL_TRY_VOID(grow_to(end));
  cursor_ = end;
  return reinterpret_cast<void *>(begin);
}

Result<void> Arena::grow_to(Address end) {
  std::size_t used = mapped_end_ - reservation_.begin();
  std::size_t step = std::clamp(used, first_step, last_step);
  Address wanted = std::max(round_up(end, sys::page_size()),
                            std::min(mapped_end_ + step, reservation_.end()));
  // With NOREPLACE a kernel before 4.17 takes the address as a mere hint: the
  // answer says whether it was honoured.
  long at = MEMSEAL_TRY(sys::result(
      sys::call(SYS_mmap, mapped_end_, wanted - mapped_end_,
                Protection::read | Protection::write,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0)));
  if (static_cast<Address>(at) != mapped_end_) {
    (void)sys::call(SYS_munmap, at, wanted - mapped_end_);
    return fail(Errc::unsupported);
  }
  mapped_end_ = wanted;
  return {};
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
