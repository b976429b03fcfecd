// SPDX-License-Identifier: Apache-2.0
#include "keeper/filter.h"

#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>

#include <cerrno>

#include "filter/action.h"
#include "filter/page_check.h"
#include "vm/advice.h"

namespace memseal::keeper {
namespace {

using namespace bpf::op;
using bpf::Node;
using filter::Architecture;
using filter::low_of;
using filter::no_such_call;
namespace action = filter::action;

constexpr std::uint32_t ipc_shmat = 21, ipc_shmdt = 22;
constexpr std::uint32_t skipped_call = 0xffffffff;

// setuid, setgid, setreuid, setregid, setresuid, setresgid, setfsuid, setfsgid.
// Source: as filter::tables_of.
constexpr std::uint32_t on_x86_64[] = {105, 106, 113, 114, 117, 119, 122, 123};
constexpr std::uint32_t on_arm64[] = {146, 144, 145, 143, 147, 149, 151, 152};

class KeeperFilter {
public:
  KeeperFilter(Unjudged unjudged, std::span<bpf::Instruction> storage)
      : unjudged_(unjudged), as_(storage) {}

  Result<bpf::Program> compile(Architecture architecture) {
    allow_ = as_.ret(action::allow);
    notify_ = as_.ret(action::notify);
    // A 32-bit process on arm64 cannot be a 64-bit image, and no 64-bit image
    // can make 32-bit calls.
    const bool is_x86 = architecture == Architecture::x86_64;
    Node other = is_x86 ? refused(ENOSYS) : allow_;
    std::span<const filter::SyscallTable> tables =
        filter::tables_of(architecture);
    for (std::size_t i = is_x86 ? tables.size() : 1; i-- > 0;) {
      next_ = allow_;
      if (i == 0) {
        for (std::uint32_t number : hiding_calls(architecture))
          on(number, notify_);
      }
      other = as_.jump(jeq_k, tables[i].audit_architecture, dispatch(tables[i]),
                       other);
    }
    return as_.finish(as_.then(ld, filter::architecture_offset, other));
  }

private:
  Node refused(int error) {
    return unjudged_ == Unjudged::allowed
               ? allow_
               : as_.ret(action::error(static_cast<std::uint32_t>(error)));
  }

  void on(std::uint32_t number, Node node) {
    if (number != no_such_call)
      next_ = as_.jump(jeq_k, number, node, next_);
  }

  Node mmap() {
    // MAP_FIXED_NOREPLACE never replaces a mapping (since Linux 4.17; we need
    // 5.7).
    Node replaces = as_.jump(jset_k, MAP_FIXED, notify_, allow_);
    return as_.then(ld, low_of(3),
                    as_.jump(jset_k, MAP_FIXED_NOREPLACE, allow_, replaces));
  }

  /// Advice that discards what is in a page, or would take our mark away.
  Node advice(unsigned argument, Node judged) {
    Node node = allow_;
    for (const Advice &one : destructive_advice)
      node = as_.jump(jeq_k, one.number, judged, node);
    for (const Advice &one : unmarking_advice)
      node = as_.jump(jeq_k, one.number, judged, node);
    return as_.then(ld, low_of(argument), node);
  }

  Node prctl() {
    Node hides = as_.jump(jeq_k, PR_SET_DUMPABLE, notify_, allow_);
    // It moves the break over anything, unprivileged with PR_SET_MM_MAP.
    return as_.then(ld, low_of(0),
                    as_.jump(jeq_k, PR_SET_MM, refused(EPERM), hides));
  }

  /// i386's shmat and shmdt; the upper half of the call number is a version.
  Node ipc(Node judged) {
    Node detaches = as_.jump(jeq_k, ipc_shmdt, judged, allow_);
    return as_.then(
        ld, low_of(0),
        as_.then(and_k, 0xffff, as_.jump(jeq_k, ipc_shmat, judged, detaches)));
  }

  Node dispatch(const filter::SyscallTable &table) {
    // Arguments in memory: the keeper knows the process, if not the pages.
    Node unseen = unjudged_ == Unjudged::allowed ? allow_ : notify_;
    on(table.old_mmap, unseen);
    on(table.ipc, ipc(unseen));
    on(table.prctl, prctl());
    on(table.shmat,
       as_.then(ld, low_of(2), as_.jump(jset_k, SHM_REMAP, notify_, allow_)));
    // Since Linux 6.13 a process may give itself any advice by this call.
    // Source: Linux 6.13, mm/madvise.c, process_madvise_remote_valid.
    on(table.process_madvise, advice(3, refused(EINVAL)));
    on(table.madvise, advice(2, notify_));
    on(table.mmap, mmap());
    // With brk a process asks its keeper, too (protocol.h). brk(0) is shown
    // like all the others: should the keeper be gone, libc finds no heap, and
    // not one that it cannot enlarge.
    for (std::uint32_t number :
         {table.mprotect, table.munmap, table.mremap, table.brk,
          table.pkey_mprotect, table.remap_file_pages, table.shmdt})
      on(number, notify_);
    if (table.foreign_numbers != no_such_call)
      next_ = as_.jump(
          jeq_k, skipped_call, allow_,
          as_.jump(jge_k, table.foreign_numbers, refused(ENOSYS), next_));
    return as_.then(ld, filter::number_offset, next_);
  }

  Unjudged unjudged_;
  bpf::Assembler as_;
  Node allow_, notify_, next_;
};

}  // namespace

std::span<const std::uint32_t> hiding_calls(Architecture architecture) {
  return architecture == Architecture::x86_64 ? on_x86_64 : on_arm64;
}

Result<bpf::Program> compile_filter(Architecture architecture,
                                    Unjudged unjudged,
                                    std::span<bpf::Instruction> storage) {
  return KeeperFilter(unjudged, storage).compile(architecture);
}

}  // namespace memseal::keeper
