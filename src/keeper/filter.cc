// SPDX-License-Identifier: Apache-2.0
#include "keeper/filter.h"

#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>

#include <cerrno>

#include "filter/action.h"
#include "filter/page_check.h"
#include "keeper/protocol.h"
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
constexpr std::uint32_t prot_grows = PROT_GROWSDOWN | PROT_GROWSUP;

// setuid, setgid, setreuid, setregid, setresuid, setresgid, setfsuid, setfsgid.
// Source: as filter::tables_of.
constexpr std::uint32_t on_x86_64[] = {105, 106, 113, 114, 117, 119, 122, 123};
constexpr std::uint32_t on_arm64[] = {146, 144, 145, 143, 147, 149, 151, 152};

class KeeperFilter {
public:
  KeeperFilter(Architecture architecture, const TreeRules &rules,
               std::span<bpf::Instruction> storage)
      : unjudged_(rules.unjudged),
        io_uring_(rules.io_uring),
        free_(rules.zone.free_parts(architecture)),
        as_(storage),
        pages_(as_, architecture) {}

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
      // A 32-bit call names addresses below 4 GiB, which are not free.
      knows_free_ = i == 0 && !free_.empty();
      if (i == 0) {
        for (std::uint32_t number : hiding_calls(architecture))
          on(number, notify_);
        if (knows_free_)
          on_limits(limit_calls(architecture));
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

  /// Shown to the keeper, unless the two arguments name free memory only. Most
  /// calls go on with `shown_`: that of the first two arguments.
  Node shown(unsigned address, unsigned length, Node if_free) {
    if (!knows_free_)
      return notify_;
    return pages_.span(address, length,
                       pages_.within(free_.view(), if_free, notify_), notify_);
  }

  Node mprotect() {
    // They act on what lies beside the range.
    return as_.then(ld, low_of(2),
                    as_.jump(jset_k, prot_grows, notify_, shown_));
  }

  /// Without MREMAP_FIXED the kernel looks for a place where nothing is.
  Node mremap() {
    return as_.then(ld, low_of(3),
                    as_.jump(jset_k, MREMAP_FIXED | MREMAP_DONTUNMAP,
                             shown(0, 1, shown(4, 2, allow_)), shown_));
  }

  /// With brk a process asks its keeper, too (protocol.h). Where heap may be
  /// sealed, brk(0) is shown like all the others: should the keeper be gone,
  /// libc finds no heap, and not one that it cannot enlarge.
  Node brk() {
    if (free_.empty())
      return notify_;
    constexpr auto low = static_cast<std::uint32_t>(keeper_cookie);
    constexpr auto high = static_cast<std::uint32_t>(keeper_cookie >> 32);
    Node node = notify_;
    auto compare = [&](std::uint32_t word, std::uint32_t value) {
      node = as_.then(ld, word, as_.jump(jeq_k, value, node, allow_));
    };
    compare(filter::high_of(1), high);
    compare(low_of(1), low);
    compare(filter::high_of(0), 0);
    compare(low_of(0), 0);
    return node;
  }

  Node mmap() {
    // MAP_FIXED_NOREPLACE never replaces a mapping (since Linux 4.17; we need
    // 5.7).
    Node replaces = as_.jump(jset_k, MAP_FIXED, shown_, allow_);
    return as_.then(ld, low_of(3),
                    as_.jump(jset_k, MAP_FIXED_NOREPLACE, allow_, replaces));
  }

  /// Advice that discards what is in a page.
  Node advice(unsigned argument, Node judged) {
    Node node = allow_;
    for (const Advice &one : destructive_advice)
      node = as_.jump(jeq_k, one.number, judged, node);
    return as_.then(ld, low_of(argument), node);
  }

  void on_limits(const LimitCalls &calls) {
    on(calls.setrlimit,
       as_.then(ld, low_of(0), as_.jump(jeq_k, RLIMIT_AS, notify_, allow_)));
    // Without a new limit it only tells.
    Node sets =
        as_.then(ld, filter::high_of(2), as_.jump(jeq_k, 0, allow_, notify_));
    sets = as_.then(ld, low_of(2), as_.jump(jeq_k, 0, sets, notify_));
    on(calls.prlimit64,
       as_.then(ld, low_of(1), as_.jump(jeq_k, RLIMIT_AS, sets, allow_)));
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
    shown_ = shown(0, 1, allow_);
    Node unseen = unjudged_ == Unjudged::allowed ? allow_ : notify_;
    on(table.old_mmap, unseen);
    on(table.ipc, ipc(unseen));
    on(table.prctl, prctl());
    on(table.shmat,
       as_.then(ld, low_of(2), as_.jump(jset_k, SHM_REMAP, notify_, allow_)));
    // Since Linux 6.13 a process may give itself any advice by this call.
    // Source: Linux 6.13, mm/madvise.c, process_madvise_remote_valid.
    on(table.process_madvise, advice(3, refused(EINVAL)));
    on(table.madvise, advice(2, shown_));
    on(table.mmap, mmap());
    if (io_uring_ == IoUring::refused)
      on(table.io_uring_setup, refused(EPERM));
    for (std::uint32_t number : {table.remap_file_pages, table.shmdt})
      on(number, notify_);
    on(table.pkey_mprotect, mprotect());
    on(table.brk, brk());
    on(table.mremap, mremap());
    on(table.munmap, shown_);
    on(table.mprotect, mprotect());
    if (table.foreign_numbers != no_such_call)
      next_ = as_.jump(
          jeq_k, skipped_call, allow_,
          as_.jump(jge_k, table.foreign_numbers, refused(ENOSYS), next_));
    return as_.then(ld, filter::number_offset, next_);
  }

  Unjudged unjudged_;
  IoUring io_uring_;
  FreeParts free_;
  bpf::Assembler as_;
  filter::PageCheck pages_;
  bool knows_free_ = false;
  Node allow_, notify_, shown_, next_;
};

}  // namespace

std::span<const std::uint32_t> hiding_calls(Architecture architecture) {
  return architecture == Architecture::x86_64 ? on_x86_64 : on_arm64;
}

LimitCalls limit_calls(Architecture architecture) {
  return architecture == Architecture::x86_64 ? LimitCalls{160, 302}
                                              : LimitCalls{164, 261};
}

Result<bpf::Program> compile_filter(Architecture architecture,
                                    const TreeRules &rules,
                                    std::span<bpf::Instruction> storage) {
  return KeeperFilter(architecture, rules, storage).compile(architecture);
}

}  // namespace memseal::keeper
