// SPDX-License-Identifier: Apache-2.0
// The pages that the vdso's code reads the time from: [vvar], and since Linux
// 6.13 [vvar_vclock]. The kernel writes them; the program may only read. Who
// replaces them gives the program another time.
#pragma once

#include <optional>

#include "memseal/page_range.h"

namespace memseal::sys {

/// How the pages are looked for.
enum class VvarSearch : std::uint8_t {
  /// By asking about each page, which costs seven calls that do nothing. Each
  /// is advice that a keeper may take for an attack.
  by_advice,
  by_maps,  ///< in /proc/self/maps
};

/// The pages of the kernel's that end where the vdso begins, as one range of
/// whole mappings. Nothing if there are none, or /proc/self/maps cannot be
/// read.
///
/// Needs:   by_advice: none of the process's own memory is MAP_DROPPABLE or a
///          device's yet: it would count as the kernel's.
/// Kernel:  any; x86-64 and arm64 both map them directly below the vdso.
/// Source:  Linux, mm/madvise.c (MADV_DODUMP is EINVAL for VM_SPECIAL and
///          changes no other mapping that is in core dumps); lib/vdso/
///          datastore.c, vdso_install_vvar_mapping; arch/*/vdso.
/// Context: before-main.
std::optional<PageRange> find_vvar(Address vdso, VvarSearch search);

}  // namespace memseal::sys
