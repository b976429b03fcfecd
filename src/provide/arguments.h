// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>

namespace memseal::provide {

/// What of mseal(2)'s arguments is refused without a look at the mappings: 0 or
/// a negative errno.
///
/// Source:  Linux 6.18, mm/mseal.c, do_mseal(), in its order.
constexpr long check_arguments(unsigned long begin, unsigned long length,
                               unsigned long flags, unsigned long page) {
  unsigned long size = (length + page - 1) & ~(page - 1);
  bool bad = flags != 0 || (begin & (page - 1)) != 0 ||
             (length != 0 && size == 0) || begin + size < begin;
  return bad ? -EINVAL : 0;
}

}  // namespace memseal::provide
