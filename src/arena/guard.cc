// SPDX-License-Identifier: Apache-2.0
#include "arena/guard.h"

#include "arena/window.h"
#include "memseal/seal.h"
#include "seal/enforced.h"
#include "seal/register.h"
#include "seal/reservation.h"
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

}  // namespace

Result<void> guard_window() {
  const RegisterHeader *header = find_register();
  bool may_try = header == nullptr || header->deadly == 0;
  if (may_try && is_guarded())
    return {};
  return guard_reservation(window());
}

}  // namespace memseal
