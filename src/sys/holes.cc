// SPDX-License-Identifier: Apache-2.0
#include "sys/holes.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include "sys/syscall.h"

namespace memseal::sys {

Result<void> check_mapped(PageRange range) {
  Answer answer = call(SYS_msync, range.begin(), range.size(), MS_ASYNC);
  if (answer.error() == ENOMEM)
    return fail(Errc::hole, ENOMEM);
  if (answer.failed())
    return fail(Errc::system, answer.error());
  return {};
}

}  // namespace memseal::sys
