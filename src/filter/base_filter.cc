// SPDX-License-Identifier: Apache-2.0
// The base filter: see compile_base in filter/compiler.h for what and why.
#include "base/assert.h"
#include "filter/action.h"
#include "filter/compiler.h"
#include "filter/page_check.h"
#include "vm/advice.h"

namespace memseal::filter {
namespace {

using namespace bpf::op;
using bpf::Node;

// From linux/*.h, as numbers: not every C library has the newest headers.
constexpr std::uint32_t prot_grows = 0x03000000;  // PROT_GROWSDOWN | UP
constexpr std::uint32_t shm_remap = 040000;
constexpr std::uint32_t ipc_shmat = 21, ipc_shmdt = 22;
constexpr std::uint32_t read_implies_exec = 0x0400000;
constexpr std::uint32_t personality_query = 0xffffffff;
constexpr std::uint32_t pr_set_mm = 35;
constexpr std::uint32_t arch_enable_tagged_addr = 0x4002;
constexpr std::uint32_t userfaultfd_ioc_new = 0xaa00;
constexpr std::uint32_t mfd_hugetlb = 4;
constexpr std::uint32_t skipped_call = 0xffffffff;

class BaseFilter {
public:
  BaseFilter(BaseLevel level, Architecture architecture,
             std::span<bpf::Instruction> storage)
      : level_(level), architecture_(architecture), as_(storage) {}

  Result<bpf::Program> compile() {
    MEMSEAL_ASSERT(level_ != BaseLevel::none);
    allow_ = as_.ret(action::allow);
    deny_ = as_.ret(action::eperm);
    Node other = allow_;
    std::span<const SyscallTable> tables = tables_of(architecture_);
    for (std::size_t i = tables.size(); i-- > 0;)
      other = as_.jump(jeq_k, tables[i].audit_architecture, dispatch(tables[i]),
                       other);
    return as_.finish(as_.then(ld, architecture_offset, other));
  }

private:
  /// Refused when argument `n` has one of the bits.
  Node bits(unsigned n, std::uint32_t mask) {
    return as_.then(ld, low_of(n), as_.jump(jset_k, mask, deny_, allow_));
  }
  /// Refused when argument `n` is `value`.
  Node value(unsigned n, std::uint32_t value) {
    return as_.then(ld, low_of(n), as_.jump(jeq_k, value, deny_, allow_));
  }

  Node process_madvise() {
    Node advice = allow_;
    for (const Advice &one : destructive_advice)
      advice = as_.jump(jeq_k, one.number, deny_, advice);
    return as_.then(ld, low_of(3), advice);
  }
  /// All ones asks for the present personality and has every bit.
  Node personality() {
    Node sets = as_.jump(jset_k, read_implies_exec, deny_, allow_);
    return as_.then(ld, low_of(0),
                    as_.jump(jeq_k, personality_query, allow_, sets));
  }
  Node ipc() {
    Node detaches = as_.jump(jeq_k, ipc_shmdt, deny_, allow_);
    // The upper half of the call number is a version.
    return as_.then(
        ld, low_of(0),
        as_.then(and_k, 0xffff, as_.jump(jeq_k, ipc_shmat, deny_, detaches)));
  }

  void on(std::uint32_t number, Node node) {
    if (number != no_such_call)
      next_ = as_.jump(jeq_k, number, node, next_);
  }

  Node dispatch(const SyscallTable &table) {
    next_ = allow_;
    if (level_ == BaseLevel::closed) {
      on(table.io_uring_setup, deny_);
      on(table.userfaultfd, deny_);
      on(table.ptrace, deny_);
      on(table.io_destroy, deny_);
      on(table.ioctl, value(1, userfaultfd_ioc_new));
    }
    on(table.mprotect, bits(2, prot_grows));
    on(table.pkey_mprotect, bits(2, prot_grows));
    on(table.shmat, bits(2, shm_remap));
    on(table.process_madvise, process_madvise());
    on(table.personality, personality());
    on(table.prctl, value(0, pr_set_mm));
    on(table.arch_prctl, value(0, arch_enable_tagged_addr));
    on(table.memfd_create, bits(1, mfd_hugetlb));
    on(table.uselib, deny_);
    on(table.old_mmap, deny_);
    on(table.ipc, ipc());
    if (table.foreign_numbers != no_such_call) {
      // The number -1 is of a call that a tracer skipped.
      Node foreign =
          as_.jump(jeq_k, skipped_call, allow_, as_.ret(action::enosys));
      next_ = as_.jump(jge_k, table.foreign_numbers, foreign, next_);
    }
    return as_.then(ld, number_offset, next_);
  }

  BaseLevel level_;
  Architecture architecture_;
  bpf::Assembler as_;
  Node allow_, deny_, next_;
};

}  // namespace

Result<bpf::Program> compile_base(BaseLevel level, Architecture architecture,
                                  std::span<bpf::Instruction> storage) {
  return BaseFilter(level, architecture, storage).compile();
}

}  // namespace memseal::filter
