// SPDX-License-Identifier: Apache-2.0
#include "arena/guard.h"

#include "arena/window.h"
#include "memseal/seal.h"
#include "seal/enforced.h"
#include "seal/register.h"
#include "seal/reservation.h"
#include "sys/maps_reader.h"
#include "sys/memory.h"

namespace memseal {
namespace {

constexpr SealTypes acts =
    seal_type::protection | seal_type::mapping | seal_type::discard;

PageRange window() {
  return *PageRange::create(window_begin, window_size, sys::page_size());
}

/// Whether a filter guards the window: this process's, or one that an ancestor
/// installed before its exec. Asked of the kernel: the register is no proof.
bool is_guarded() {
  auto guards = [](Address page) {
    return filtered(page, acts, Downgrade::allowed) == acts &&
           filtered(page, seal_type::mprotect, Downgrade::refused).empty();
  };
  return guards(window().begin()) && guards(window().end() - sys::page_size());
}

/// Whether the window holds anything but arenas. The kernel maps into it where
/// it begins at the bottom (`setarch -L`, vm.legacy_va_layout, an unlimited
/// stack); ThreadSanitizer and MemorySanitizer keep memory of theirs there.
/// What a filter forbids there would be forbidden to those for ever.
Result<bool> is_used_by_others() {
  auto maps = sys::MapsReader::of_self(sys::ReadSeals::without);
  while (auto mapping = MEMSEAL_TRY(maps.next())) {
    if (mapping->range.overlaps(window()) && !is_in_slice(mapping->range))
      return true;
  }
  return false;
}

}  // namespace

Result<void> guard_window() {
  const RegisterHeader *header = find_register();
  bool may_try = header == nullptr || header->deadly == 0;
  if (may_try && is_guarded())
    return {};
  if (MEMSEAL_TRY(is_used_by_others()))
    return fail(Errc::unsupported);
  return guard_reservation(window());
}

}  // namespace memseal
