// SPDX-License-Identifier: Apache-2.0
#include "sys/program_break.h"

#include <errno.h>
#include <sys/syscall.h>

#include "sys/proc_text.h"
#include "sys/syscall.h"

namespace memseal::sys {

Address program_break() {
  return static_cast<Address>(call(SYS_brk, 0).raw);
}

Result<Address> lowest_program_break() {
  constexpr int end_data = 46;
  // The first thread's file says nothing once that has ended before the others.
  auto told = read_stat_field("/proc/thread-self/stat", end_data);
  if (!told)  // before Linux 3.17
    told = read_stat_field("/proc/self/stat", end_data);
  if (!told)
    return fail(Errc::system, ENOENT);
  return *told;
}

}  // namespace memseal::sys
