// SPDX-License-Identifier: Apache-2.0
// The memory-management calls memseal itself makes.
#pragma once

#include <cstddef>

#include "memseal/page_range.h"
#include "vm/protection.h"

namespace memseal::sys {

/// Bytes in a page of this process: AT_PAGESZ. Context: anywhere.
std::size_t page_size();

/// mseal(2) over the whole range, all types at once.
///
/// Errors:  system ENOMEM if the range has a hole, ENOSYS before Linux 6.10;
///          nothing is sealed then. ENOMEM also if there are too many mappings
///          to split the range's last one: what lies below it is sealed then.
/// Kernel:  6.10, 64-bit.
/// Source:  Linux, userspace-api/mseal.rst.
Result<void> mseal(PageRange range);

/// Whether mseal(2) is there, asked with a zero-length call that seals nothing.
/// A seccomp filter that kills for unknown calls kills here: ask
/// sys/seccomp_state.h first, or ask in a child.
bool has_mseal();

/// Private anonymous memory, readable and writable, at an address of the
/// kernel's choice. Errors: system.
Result<PageRange> map_anonymous(std::size_t size);
/// The same, shared with children that are forked later.
Result<PageRange> map_shared(std::size_t size);
/// The same, private, with its pages in place: no fault when they are written.
Result<PageRange> map_populated(std::size_t size);
/// The same, private, at these addresses, where nothing may be mapped yet.
/// Errors: system; EEXIST if something is, or the kernel is older than 4.17 and
///         would rather have it elsewhere.
Result<void> map_at(PageRange range);
Result<void> unmap(PageRange range);
/// mremap(MREMAP_FIXED): what was mapped at `to` is replaced in one step, also
/// for those who read there meanwhile.
Result<void> move(PageRange range, Address to);
Result<void> protect(PageRange range, Protection protection);

}  // namespace memseal::sys
