// SPDX-License-Identifier: Apache-2.0
// What a system call would do to which pages, told from its registers alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "filter/syscall_table.h"
#include "memseal/page_range.h"

struct seccomp_data;

namespace memseal::supervisor {

/// What mseal(2) makes of the call on a sealed page.
enum class Effect : std::uint8_t {
  none,         ///< changes no mapping
  change,       ///< mprotect, munmap, mmap, mremap, remap_file_pages: EPERM
  discard,      ///< destructive advice: EPERM where writing is not allowed
  lower_break,  ///< brk: the kernel silently does nothing
  detach,       ///< shmdt: the kernel says success and does nothing
  attach_over,  ///< shmat with SHM_REMAP: size unknown
  unseen,       ///< i386: the arguments lie in memory, which may change
  request,      ///< of a client of ours: see keeper/protocol.h
  limits,       ///< sets RLIMIT_AS
  hides,        ///< may keep us from looking into the process
  refused,      ///< prctl(PR_SET_MM)
};

/// What seccomp_data::arch is for the calls of a 64-bit program.
extern const std::uint32_t native_arch;

struct MemoryCall {
  Effect effect = Effect::none;
  /// The pages it touches; two for an mremap onto a place.
  std::vector<PageRange> ranges{};
  /// mprotect with PROT_GROWSDOWN: acts from where the mapping begins.
  bool grows_down = false;
  /// What was there is there no more: not mprotect.
  bool replaces = false;
  /// mmap: the pages have the size of ...
  enum class Mapped : std::uint8_t {
    as_decoded,  ///< a page, or what the flags say
    as_default,  ///< the machine's default huge page
    as_file,     ///< `file`, which may be on hugetlbfs, whatever the flags say
  } mapped = Mapped::as_decoded;
  int file = -1;
  std::uint64_t offset = 0;  ///< in it. Units: bytes.

  /// Rounds the end of the first range up to whole pages of this size.
  void round_up(std::uint64_t huge_page);
  /// The same where the size is not known: to the largest that fits.
  void round_up_to_any(filter::Architecture architecture);

private:
  void reach(Address last);
};

/// By the numbers of the program, or of its 32-bit twin (int 0x80). A call of
/// any other architecture has no effect that is known.
///
/// Units:   `page` is the page size of the caller.
MemoryCall decode(
    const seccomp_data &data, std::size_t page,
    filter::Architecture architecture = filter::native_architecture());

/// Whether it is brk(2) with an address, which fails in a way of its own: it
/// answers with where the break is.
bool moves_break(const seccomp_data &data);

}  // namespace memseal::supervisor
