// SPDX-License-Identifier: Apache-2.0
// The attacks that are more than one system call.
#pragma once

#include "probe/attack.h"
#include "vm/advice.h"

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
/// mprotect of an address with a tag, tags being asked for before.
Result<CallOutcome> protect_by_tag(ForkedCopy &copy, const Aim &aim);
/// MADV_FREE, and pressure on memory at once.
Result<CallOutcome> free_and_page_out(ForkedCopy &copy, const Aim &aim);

/// Of a file of huge pages, which the flags do not mention: from the multiple
/// of 2 MiB below the range on. No huge page has to be free.
Result<CallOutcome> map_huge_file_over(ForkedCopy &copy, const Aim &aim);
/// The same at an offset that the kernel refuses too late.
Result<CallOutcome> map_huge_file_wrongly(ForkedCopy &copy, const Aim &aim);
/// Anonymous huge pages, by the flags.
Result<CallOutcome> map_huge_below(ForkedCopy &copy, const Aim &aim);
/// One page of a huge page moved, of which the kernel moves the whole.
Result<CallOutcome> move_huge_onto(ForkedCopy &copy, const Aim &aim);

/// Advice by io_uring, which makes no system call for it. EBADF where no ring
/// can be made in memory of our own (before Linux 6.5).
Result<CallOutcome> advise_by_ring(ForkedCopy &copy, const Aim &aim,
                                   const Advice &advice);
/// The advice that takes a keeper's mark away, then mprotect.
Result<CallOutcome> unmark_by_ring(ForkedCopy &copy, const Aim &aim);
/// Pins the range as a buffer to read into (IORING_OP_READ_FIXED).
Result<CallOutcome> pin_by_ring(ForkedCopy &copy, const Aim &aim);

/// By int 0x80, which takes addresses below 4 GiB only: ERANGE above.
Result<CallOutcome> protect_by_compat(ForkedCopy &copy, const Aim &aim);
Result<CallOutcome> unmap_by_compat(ForkedCopy &copy, const Aim &aim);
Result<CallOutcome> map_over_by_compat(ForkedCopy &copy, const Aim &aim);
/// i386's first mmap, whose arguments lie in memory.
Result<CallOutcome> map_over_by_oldest(ForkedCopy &copy, const Aim &aim);

/// Asks whether the file behind the range may be written to. It is not opened
/// for that: it is everybody's, and as long as somebody has opened a program or
/// ld.so for writing nobody can start it. ENODEV: there is no file. ENOENT:
/// another one has its name now. ETXTBSY: it is the program, which runs.
Result<CallOutcome> may_write_backing_file(ForkedCopy &copy, const Aim &aim);

}  // namespace memseal::probe
