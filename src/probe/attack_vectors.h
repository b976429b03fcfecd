// SPDX-License-Identifier: Apache-2.0
// The attacks that are more than one system call.
#pragma once

#include "probe/attack.h"

namespace memseal::probe {

/// process_madvise of the process itself: the range is in memory.
Result<CallOutcome> advise_by_descriptor(ForkedCopy &copy, const Aim &aim);
/// mprotect(PROT_READ) under a personality that adds PROT_EXEC.
Result<CallOutcome> read_implies_exec(ForkedCopy &copy, const Aim &aim);
/// shmat with SHM_REMAP.
Result<CallOutcome> attach_segment_over(ForkedCopy &copy, const Aim &aim);
/// A byte through /proc/self/mem, which asks for no protection.
Result<CallOutcome> write_own_memory(ForkedCopy &copy, const Aim &aim);
/// A byte by process_vm_writev, which does ask.
Result<CallOutcome> write_by_vector(ForkedCopy &copy, const Aim &aim);
/// Registers the range with userfaultfd.
Result<CallOutcome> take_over_faults(ForkedCopy &copy, const Aim &aim);
/// One call over a page of our own and the range behind it.
Result<CallOutcome> protect_across(ForkedCopy &copy, const Aim &aim);
Result<CallOutcome> unmap_across(ForkedCopy &copy, const Aim &aim);
/// Says that the heap lies over the range, and gives it back. brk answers with
/// an address, never with an error.
Result<CallOutcome> move_break(ForkedCopy &copy, const Aim &aim);
/// MADV_DONTNEED by io_uring, which makes no system call for it.
Result<CallOutcome> advise_by_ring(ForkedCopy &copy, const Aim &aim);

/// By int 0x80, which takes addresses below 4 GiB only: ERANGE above.
Result<CallOutcome> protect_by_compat(ForkedCopy &copy, const Aim &aim);
Result<CallOutcome> unmap_by_compat(ForkedCopy &copy, const Aim &aim);
Result<CallOutcome> map_over_by_compat(ForkedCopy &copy, const Aim &aim);

/// Asks whether the file behind the range may be written to. It is not opened
/// for that: it is everybody's, and as long as somebody has opened a program or
/// ld.so for writing nobody can start it. ENODEV: there is no file. ENOENT:
/// another one has its name now. ETXTBSY: it is the program, which runs.
Result<CallOutcome> may_write_backing_file(ForkedCopy &copy, const Aim &aim);

}  // namespace memseal::probe
