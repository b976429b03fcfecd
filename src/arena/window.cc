// SPDX-License-Identifier: Apache-2.0
#include "arena/window.h"

#include <sys/syscall.h>

#include <algorithm>

#include "base/spin_lock.h"
#include "sys/syscall.h"
#include "vm/range_set.h"

namespace memseal {
namespace {

constinit SpinLock lock;

RangeSet &taken() {
  static InlineRangeSet<max_arenas> slices;
  return *slices;
}

std::size_t random_number() {
  std::size_t number = 0;
  // Early at boot, or on a kernel without getrandom, arenas are merely not
  // randomised; sealing does not rest on secret addresses.
  (void)sys::call(SYS_getrandom, &number, sizeof number, 0);
  return number;
}

}  // namespace

Result<PageRange> take_slice(std::size_t size) {
  if (size == 0 || size > window_size / 2)
    return fail(Errc::invalid);
  std::size_t whole = (size + slice_grain - 1) & ~(slice_grain - 1);
  std::size_t places = (window_size - whole) / slice_grain - 1;

  SpinLock::Guard guard(lock);
  // With the window half full, a random place is free every second time.
  for (int attempt = 0; attempt < 64; ++attempt) {
    Address begin = window_begin + slice_grain * (1 + random_number() % places);
    PageRange slice = *PageRange::create(begin, whole, slice_grain);
    PageRange with_gaps = *PageRange::create(
        begin - slice_grain, whole + 2 * slice_grain, slice_grain);
    if (taken().overlaps(with_gaps))
      continue;
    MEMSEAL_TRY_VOID(taken().add(slice));
    return slice;
  }
  return fail(Errc::capacity);
}

void return_slice(PageRange slice) {
  SpinLock::Guard guard(lock);
  (void)taken().carve(slice);  // never splits a slice: no room is needed
}

bool is_in_slice(PageRange range) {
  SpinLock::Guard guard(lock);
  auto slices = taken().runs();
  return std::any_of(slices.begin(), slices.end(), [&](PageRange slice) {
    return slice.begin() <= range.begin() && range.end() <= slice.end();
  });
}

void hold_window() {
  lock.lock();
}

void release_window() {
  lock.unlock();
}

}  // namespace memseal
