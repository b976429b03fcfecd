// SPDX-License-Identifier: Apache-2.0
#include "supervisor/memory_call.h"

#include <linux/mman.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>

#include <algorithm>
#include <span>

#include "filter/huge_pages.h"
#include "keeper/filter.h"
#include "keeper/protocol.h"
#include "vm/advice.h"

namespace memseal::supervisor {
namespace {

using filter::Architecture;
using filter::SyscallTable;
using Arguments = std::uint64_t[6];

/// Null: an architecture whose calls are not known.
const SyscallTable *table_of(std::uint32_t audit, Architecture architecture) {
  for (const SyscallTable &table : filter::tables_of(architecture)) {
    if (table.audit_architecture == audit)
      return &table;
  }
  return nullptr;
}

/// The kernel ignores the tag of an address in mprotect, munmap, madvise and in
/// the old address of mremap. Elsewhere it refuses an address with a tag.
///
/// arm64: bits 56 to 63, if bit 55 is 0, as it is in every address of a program
/// (arch/arm64/include/asm/uaccess.h, __untagged_addr). x86-64 with LAM: bits
/// 57 to 62; bit 63 means the kernel (arch/x86/include/asm/uaccess_64.h, the
/// same).
Address untagged(std::uint64_t address, Architecture architecture) {
  const bool arm = architecture == Architecture::arm64;
  const unsigned width = arm ? 56 : 57, kernel_bit = arm ? 55 : 63;
  const bool is_kernel = (address >> kernel_bit & 1) != 0;
  return is_kernel ? address : address & ((1UL << width) - 1);
}

bool is_one_of(std::span<const Advice> list, std::uint64_t value) {
  // The kernel takes the low word.
  return std::ranges::any_of(list, [&](const Advice &one) {
    return one.number == static_cast<std::uint32_t>(value);
  });
}

Effect effect_of_advice(std::uint64_t advice) {
  if (is_one_of(destructive_advice, advice))
    return Effect::discard;
  return Effect::none;
}

Effect effect_of_prctl(std::uint64_t option) {
  switch (option) {
    case PR_SET_MM:
      return Effect::refused;
    case PR_SET_DUMPABLE:
      return Effect::hides;
    default:
      return Effect::none;
  }
}

/// One call, read argument by argument.
class Decoder {
public:
  Decoder(const SyscallTable &table, std::size_t page,
          Architecture architecture)
      : table_(table), page_(page), architecture_(architecture) {}

  MemoryCall decode(std::uint32_t number, const Arguments &args) {
    if (number == table_.mprotect || number == table_.pkey_mprotect)
      mprotect(args);
    else if (number == table_.munmap || number == table_.remap_file_pages)
      replaces(args[0], args[1]);
    else if (number == table_.mremap)
      mremap(args);
    else if (number == table_.mmap)
      mmap(args);
    else if (number == table_.madvise)
      acts(effect_of_advice(args[2]), args[0], args[1]);
    else if (number == table_.brk)
      brk(args);
    else if (number == table_.shmat && (args[2] & SHM_REMAP) != 0)
      acts(Effect::attach_over, args[1], ~0UL);
    else if (number == table_.shmdt)  // the size is in no argument
      acts(Effect::detach, args[0], ~0UL);
    else if (number == table_.prctl)
      call_.effect = effect_of_prctl(args[0]);
    else if (number == table_.old_mmap || number == table_.ipc)
      call_.effect = Effect::unseen;
    else if (limits(number, args))
      call_.effect = Effect::limits;
    else if (hides(number))
      call_.effect = Effect::hides;
    return std::move(call_);
  }

private:
  /// Of the two ways to grow no processor that we know has the upward one.
  /// Source: Linux, mm/mprotect.c, do_mprotect_pkey.
  void mprotect(const Arguments &args) {
    acts(Effect::change, args[0], args[1]);
    call_.grows_down = (args[2] & PROT_GROWSDOWN) != 0;
  }

  void replaces(std::uint64_t begin, std::uint64_t size) {
    acts(Effect::change, begin, size);
    call_.replaces = true;
  }

  void acts(Effect effect, std::uint64_t begin, std::uint64_t size) {
    call_.effect = effect;
    touch(begin, size);
  }

  void touch(std::uint64_t begin, std::uint64_t size) {
    Address at = untagged(begin, architecture_);
    // A range that wraps is the kernel's to refuse; what lies below the wrap is
    // looked at all the same.
    const Address top = 0UL - page_;
    std::uint64_t room = at < top ? top - at : 0;
    if (auto range = PageRange::covering(at, std::min(size, room), page_))
      call_.ranges.push_back(*range);
  }

  void mmap(const Arguments &args) {
    using Mapped = MemoryCall::Mapped;
    const std::uint64_t flags = args[3];
    if ((flags & MAP_FIXED) == 0 || (flags & MAP_FIXED_NOREPLACE) != 0)
      return;
    replaces(args[0], args[1]);
    if ((flags & MAP_ANONYMOUS) == 0) {
      // MAP_HUGETLB is not asked for: the file alone decides (S-33).
      call_.mapped = Mapped::as_file;
      call_.file = static_cast<int>(args[4]);
      call_.offset = table_.offset_in_pages ? args[5] * page_ : args[5];
    } else if ((flags & MAP_HUGETLB) != 0) {
      unsigned shift = (flags >> MAP_HUGE_SHIFT) & MAP_HUGE_MASK;
      if (shift == 0)
        call_.mapped = Mapped::as_default;
      else
        call_.round_up(1UL << shift);
    }
  }

  void mremap(const Arguments &args) {
    // An old length of 0 makes a second mapping of the pages at the address.
    replaces(args[0], std::max<std::uint64_t>(args[1], 1));
    if ((args[3] & MREMAP_FIXED) == 0 || args[2] == 0)
      return;
    const Address to = untagged(args[4], architecture_);
    const std::uint64_t room = ~Address{0} - to;
    const Address last = filter::last_byte_moved_onto(
        architecture_, args[0], to, to + std::min(args[2] - 1, room));
    touch(to, std::max(last - to + 1, last - to));
  }

  void brk(const Arguments &args) {
    if (args[0] == 0) {  // only asks where the break is
      if (args[1] == keeper::keeper_cookie)
        call_.effect = Effect::request;
      return;
    }
    // It is rounded up. Source: Linux, mm/mmap.c, brk().
    acts(Effect::lower_break,
         (untagged(args[0], architecture_) + page_ - 1) & ~(page_ - 1), ~0UL);
  }

  bool limits(std::uint32_t number, const Arguments &args) const {
    const keeper::LimitCalls calls = keeper::limit_calls(architecture_);
    if (&table_ != filter::tables_of(architecture_).data())
      return false;
    return (number == calls.setrlimit && args[0] == RLIMIT_AS) ||
           (number == calls.prlimit64 && args[1] == RLIMIT_AS && args[2] != 0);
  }

  bool hides(std::uint32_t number) const {
    // Of i386's twins the keeper is not told.
    auto calls = keeper::hiding_calls(architecture_);
    return &table_ == filter::tables_of(architecture_).data() &&
           std::ranges::find(calls, number) != calls.end();
  }

  const SyscallTable &table_;
  std::size_t page_;
  Architecture architecture_;
  MemoryCall call_;
};

}  // namespace

const std::uint32_t native_arch =
    filter::tables_of(filter::native_architecture())[0].audit_architecture;

void MemoryCall::reach(Address last) {
  const PageRange named = ranges.front();
  if (auto wider =
          PageRange::create(named.begin(), last + 1 - named.begin(), 1))
    ranges.front() = *wider;
}

void MemoryCall::round_up(std::uint64_t huge_page) {
  if (!ranges.empty())
    reach((ranges.front().end() - 1) | (huge_page - 1));
}

void MemoryCall::round_up_to_any(Architecture architecture) {
  if (!ranges.empty())
    reach(filter::last_byte_mapped(architecture,
                                   ranges.front().begin() | offset,
                                   ranges.front().end() - 1));
}

MemoryCall decode(const seccomp_data &data, std::size_t page,
                  Architecture architecture) {
  const SyscallTable *table = table_of(data.arch, architecture);
  if (table == nullptr)
    return {};
  Arguments args;
  std::ranges::copy(data.args, args);
  return Decoder(*table, page, architecture)
      .decode(static_cast<std::uint32_t>(data.nr), args);
}

bool moves_break(const seccomp_data &data) {
  const SyscallTable *table =
      table_of(data.arch, filter::native_architecture());
  return table != nullptr && data.args[0] != 0 &&
         static_cast<std::uint32_t>(data.nr) == table->brk;
}

}  // namespace memseal::supervisor
