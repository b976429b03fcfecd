// SPDX-License-Identifier: Apache-2.0
#include "supervisor/call_text.h"

#include <fmt/core.h>
#include <linux/mman.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <iterator>
#include <span>

#include "supervisor/memory_call.h"
#include "vm/advice.h"

namespace memseal::supervisor {
namespace {

struct Word {
  std::uint64_t bit;
  const char *name;
};

constexpr Word protections[] = {{PROT_READ, "PROT_READ"},
                                {PROT_WRITE, "PROT_WRITE"},
                                {PROT_EXEC, "PROT_EXEC"}};
constexpr Word map_flags[] = {
    {MAP_SHARED, "MAP_SHARED"},       {MAP_PRIVATE, "MAP_PRIVATE"},
    {MAP_FIXED, "MAP_FIXED"},         {MAP_ANONYMOUS, "MAP_ANONYMOUS"},
    {MAP_NORESERVE, "MAP_NORESERVE"}, {MAP_HUGETLB, "MAP_HUGETLB"},
    {MAP_POPULATE, "MAP_POPULATE"}};
constexpr Word remap_flags[] = {{MREMAP_MAYMOVE, "MREMAP_MAYMOVE"},
                                {MREMAP_FIXED, "MREMAP_FIXED"},
                                {MREMAP_DONTUNMAP, "MREMAP_DONTUNMAP"}};
std::string flags(std::uint64_t value, std::span<const Word> words,
                  const char *none) {
  std::string text;
  for (const Word &word : words) {
    if ((value & word.bit) == 0)
      continue;
    text += (text.empty() ? "" : "|") + std::string(word.name);
    value &= ~word.bit;
  }
  if (value != 0)
    text += fmt::format("{}{:#x}", text.empty() ? "" : "|", value);
  return text.empty() ? none : text;
}

/// The kernel takes the low word.
std::string advice_name(std::uint64_t value) {
  for (const Advice &one : destructive_advice) {
    if (one.number == static_cast<std::uint32_t>(value))
      return one.name;
  }
  return fmt::format("{}", value);
}

std::string prot(std::uint64_t value) {
  return flags(value, protections, "PROT_NONE");
}

/// Null: none of those that change mappings.
const char *known_name(int number) {
  switch (number) {
    case SYS_mprotect:
      return "mprotect";
    case SYS_pkey_mprotect:
      return "pkey_mprotect";
    case SYS_munmap:
      return "munmap";
    case SYS_mmap:
      return "mmap";
    case SYS_mremap:
      return "mremap";
    case SYS_madvise:
      return "madvise";
    case SYS_brk:
      return "brk";
    case SYS_shmat:
      return "shmat";
    case SYS_shmdt:
      return "shmdt";
    case SYS_remap_file_pages:
      return "remap_file_pages";
    default:
      return nullptr;
  }
}

std::string as_registers(const seccomp_data &data) {
  const auto &a = data.args;
  return fmt::format("{}({:#x}, {:#x}, {:#x}, {:#x}, {:#x}, {:#x})",
                     call_name(data), a[0], a[1], a[2], a[3], a[4], a[5]);
}

}  // namespace

std::string call_name(const seccomp_data &data) {
  if (data.arch != native_arch)
    return fmt::format("32-bit call {}", data.nr);
  const char *name = known_name(data.nr);
  return name != nullptr ? name : fmt::format("call {}", data.nr);
}

std::string call_text(const seccomp_data &data) {
  const auto &a = data.args;
  if (data.arch != native_arch)
    return as_registers(data);
  switch (data.nr) {
    case SYS_mprotect:
      return fmt::format("mprotect({:#x}, {}, {})", a[0], a[1], prot(a[2]));
    case SYS_pkey_mprotect:
      return fmt::format("pkey_mprotect({:#x}, {}, {}, {})", a[0], a[1],
                         prot(a[2]), static_cast<int>(a[3]));
    case SYS_munmap:
      return fmt::format("munmap({:#x}, {})", a[0], a[1]);
    case SYS_mmap:
      return fmt::format("mmap({:#x}, {}, {}, {}, {}, {:#x})", a[0], a[1],
                         prot(a[2]), flags(a[3], map_flags, "0"),
                         static_cast<int>(a[4]), a[5]);
    case SYS_mremap:
      return fmt::format("mremap({:#x}, {}, {}, {}, {:#x})", a[0], a[1], a[2],
                         flags(a[3], remap_flags, "0"), a[4]);
    case SYS_madvise:
      return fmt::format("madvise({:#x}, {}, {})", a[0], a[1],
                         advice_name(a[2]));
    case SYS_brk:
      return fmt::format("brk({:#x})", a[0]);
    case SYS_shmdt:
      return fmt::format("shmdt({:#x})", a[0]);
    default:
      return as_registers(data);
  }
}

}  // namespace memseal::supervisor
