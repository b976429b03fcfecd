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
  sys::Answer answer =
      sys::call(SYS_madvise, range.begin(), range.size(), advice);
  if (answer.error() == EINVAL) {
    PageRange whole = MEMSEAL_TRY(whole_vdso(range));
    answer = sys::call(SYS_madvise, whole.begin(), whole.size(), advice);
  }
  MEMSEAL_TRY(sys::result(answer));
  return {};
}

}  // namespace

bool keeper_answers() {
  return sys::call(sys::nr_mseal, served_probe_address, 0, 0, served_cookie)
             .raw == served_answer;
}

Result<void> seal_by_keeper(PageRange range) {
  // Changes nothing, and fails if anything in the range is not mapped: madvise
  // would go on after a hole. Source: msync(2), ENOMEM.
  if (sys::call(SYS_msync, range.begin(), range.size(), MS_ASYNC).failed())
    return fail(Errc::hole);
  MEMSEAL_TRY(sys::result(
      sys::call(sys::nr_mseal, range.begin(), range.size(), 0, served_cookie)));
  // Both are needed, so a failure of the first leaves nothing sealed; the
  // second finds the mappings split already and cannot run out of them.
  for (long advice : {MADV_DONTDUMP, MADV_RANDOM})
    MEMSEAL_TRY_VOID(advise(range, advice));
  return {};
}

}  // namespace memseal::keeper
