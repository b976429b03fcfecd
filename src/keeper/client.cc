// SPDX-License-Identifier: Apache-2.0
#include "keeper/client.h"

#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "keeper/protocol.h"
#include "sys/maps_reader.h"
#include "sys/syscall.h"

namespace memseal::keeper {
namespace {

/// The mapping of the vdso, if it holds the range. The kernel does not split
/// its own mappings (mm/mmap.c, special_mapping_split), and this one may have
/// more pages than its ELF file tells of: Linux 6.1 has two, for one.
Result<PageRange> whole_vdso(PageRange range) {
  auto maps = sys::MapsReader::of_self(sys::ReadSeals::without);
  while (auto mapping = MEMSEAL_TRY(maps.next())) {
    if (mapping->name == "[vdso]" && mapping->range.contains(range))
      return mapping->range;
  }
  return fail(Errc::system, EINVAL);
}

Result<void> advise(PageRange range, long advice) {
  sys::ReturnValue answer =
      sys::call(SYS_madvise, range.begin(), range.size(), advice);
  if (answer.error() == EINVAL) {
    PageRange whole = MEMSEAL_TRY(whole_vdso(range));
    answer = sys::call(SYS_madvise, whole.begin(), whole.size(), advice);
  }
  MEMSEAL_TRY(sys::result(answer));
  return {};
}

/// Without a keeper it is brk(0): the address of the break.
long ask(KeeperRequest request, std::uint64_t begin = 0, std::uint64_t size = 0,
         std::uint64_t heap_end = 0) {
  return sys::call(SYS_brk, 0, keeper_cookie,
                   static_cast<std::uint64_t>(request), begin, size, heap_end)
      .raw;
}

KeeperHere keeper_in(long answer) {
  const ZoneShape zone(static_cast<std::uint8_t>(answer));
  if ((answer & ~0xffL) == keeper_only_watches)
    return {Presence::watches, zone};
  if ((answer & ~0xffL) == keeper_is_here)
    return {Presence::enforces, zone};
  return {};
}

}  // namespace

KeeperHere keeper_here() {
  return keeper_in(ask(KeeperRequest::ask));
}

KeeperHere announce_image() {
  return keeper_in(ask(KeeperRequest::new_image));
}

Result<void> seal_by_keeper(PageRange range, Sealed what) {
  // Changes nothing, and fails if anything in the range is not mapped: madvise
  // would go on after a hole. Source: msync(2), ENOMEM.
  if (sys::call(SYS_msync, range.begin(), range.size(), MS_ASYNC).error() ==
      ENOMEM)
    return fail(Errc::hole);
  // Asked after it: what is mapped above the end of the heap stays above, for
  // brk(2) does not grow over a mapping.
  unsigned long heap_end = 0;
  if (what == Sealed::memory)
    heap_end = static_cast<unsigned long>(sys::call(SYS_brk, 0).raw);
  KeeperRequest request =
      what == Sealed::object ? KeeperRequest::seal_object : KeeperRequest::seal;
  long done = ask(request, range.begin(), range.size(), heap_end);
  if (done != 0)
    return fail(Errc::system, done < 0 ? static_cast<int>(-done) : ENOSYS);
  // Both are needed, so a failure of the first leaves nothing sealed; the
  // second finds the mappings split already and cannot run out of them.
  for (long advice : {MADV_DONTDUMP, MADV_RANDOM})
    MEMSEAL_TRY_VOID(advise(range, advice));
  return {};
}

}  // namespace memseal::keeper
