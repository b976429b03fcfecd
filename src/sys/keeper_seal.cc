// SPDX-License-Identifier: Apache-2.0
#include "sys/keeper_seal.h"

#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "sys/served_mseal.h"
#include "sys/syscall.h"

namespace memseal::sys {

bool keeper_answers() {
  return call(nr_mseal, served_probe_address, 0, 0, served_cookie).raw ==
         served_answer;
}

Result<void> seal_by_keeper(PageRange range) {
  // Changes nothing, and fails if anything in the range is not mapped: madvise
  // would go on after a hole. Source: msync(2), ENOMEM.
  if (call(SYS_msync, range.begin(), range.size(), MS_ASYNC).failed())
    return fail(Errc::hole);
  MEMSEAL_TRY(
      result(call(nr_mseal, range.begin(), range.size(), 0, served_cookie)));
  // Both are needed, so a failure of the first leaves nothing sealed; the
  // second finds the mappings split already and cannot run out of them.
  for (long advice : {MADV_DONTDUMP, MADV_RANDOM})
    MEMSEAL_TRY(result(call(SYS_madvise, range.begin(), range.size(), advice)));
  return {};
}

}  // namespace memseal::sys
