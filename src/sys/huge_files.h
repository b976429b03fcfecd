// SPDX-License-Identifier: Apache-2.0
// Whether a process may come to map a file of huge pages (hugetlbfs).
//
// Problem. The kernel rounds the length of such a mapping up to a huge page,
// and mmap's registers do not tell such a file from any other: its length may
// be anything, its offset is 0 as is that of most first segments. A filter that
// rounds the end of every file mapping whose address and offset are right for a
// huge page refuses libraries that are aligned to 2 MiB, wherever something
// sealed lies within 2 MiB behind them.
//
// Idea. Round only if there can be such a file. Anonymous ones (memfd_create)
// are refused by the base filter, so it is open already, or comes from a
// mounted hugetlbfs. Most systems mount one and have no page to give to it.
#pragma once

namespace memseal::sys {

/// True if the process has one open; if it sees a hugetlbfs, and the machine
/// has huge pages or would make some on demand; or if /proc or /sys do not
/// tell.
///
/// `pid` 0 is this process. Of another one the caller must be allowed to read
/// what is in /proc/PID.
///
/// Does not see: what comes afterwards from outside: a file that another
///          process hands over, a filesystem that root mounts, huge pages that
///          root asks for.
/// Source:  Linux 6.18, mm/mmap.c, ksys_mmap_pgoff; Documentation/admin-guide/
///          mm/hugetlbpage.rst.
/// Context: anywhere; before-main included.
bool may_map_huge_files(int pid);

}  // namespace memseal::sys
