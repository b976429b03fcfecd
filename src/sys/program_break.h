// SPDX-License-Identifier: Apache-2.0
// Which addresses brk(2) can unmap.
#pragma once

#include "memseal/error.h"
#include "memseal/page_range.h"

namespace memseal::sys {

/// The program break as it is.
Address program_break();

/// An address below which brk(2) refuses to go, whatever it is asked: the end
/// of the program's data. Kernels without CONFIG_COMPAT_BRK, and those that
/// randomise the break, stop a little above it, where the heap begins.
///
/// Errors:  system: /proc does not say.
/// Source:  Linux, mm/mmap.c, brk, min_brk; proc(5), /proc/pid/stat, end_data.
Result<Address> lowest_program_break();

}  // namespace memseal::sys
