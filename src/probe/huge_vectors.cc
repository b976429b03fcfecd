// SPDX-License-Identifier: Apache-2.0
// Attacks by huge pages, whose length the kernel rounds up. None of them needs
// a huge page that is free: nothing is reserved, and nothing touched.
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "probe/attack_vectors.h"

namespace memseal::probe {
namespace {

constexpr std::uint64_t anywhere = static_cast<std::uint64_t>(-1);
constexpr std::uint64_t rw = PROT_READ | PROT_WRITE;
constexpr std::uint64_t huge_page = std::uint64_t{2} << 20;
constexpr std::uint64_t of_2_mib = std::uint64_t{21} << 26;  // MAP_HUGE_SHIFT

Address below(const Aim &aim) {
  return aim.begin & ~(huge_page - 1);
}

Result<CallOutcome> map_huge_file(ForkedCopy &copy, const Aim &aim,
                                  std::uint64_t offset) {
  constexpr char name[] = "huge";
  MEMSEAL_TRY_VOID(
      copy.memory().write({aim.scratch}, std::as_bytes(std::span(name))));
  auto file = MEMSEAL_TRY(
      copy.call(SYS_memfd_create, {aim.scratch, MFD_HUGETLB | of_2_mib}));
  if (!file.lived() || file.answer < 0)
    return file;
  return copy.call(SYS_mmap, {below(aim), aim.page, rw,
                              MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
                              static_cast<std::uint64_t>(file.answer), offset});
}

}  // namespace

Result<CallOutcome> map_huge_file_over(ForkedCopy &copy, const Aim &aim) {
  return map_huge_file(copy, aim, 0);
}

Result<CallOutcome> map_huge_file_wrongly(ForkedCopy &copy, const Aim &aim) {
  return map_huge_file(copy, aim, aim.page);
}

Result<CallOutcome> map_huge_below(ForkedCopy &copy, const Aim &aim) {
  return copy.call(SYS_mmap, {below(aim), aim.page, rw,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
                                  MAP_NORESERVE | MAP_HUGETLB | of_2_mib,
                              anywhere, 0});
}

Result<CallOutcome> move_huge_onto(ForkedCopy &copy, const Aim &aim) {
  auto huge = MEMSEAL_TRY(copy.call(
      SYS_mmap,
      {0, huge_page, rw,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_HUGETLB | of_2_mib,
       anywhere, 0}));
  if (!huge.lived() || huge.answer < 0)
    return huge;
  return copy.call(SYS_mremap,
                   {static_cast<std::uint64_t>(huge.answer), aim.page, aim.page,
                    MREMAP_MAYMOVE | MREMAP_FIXED, below(aim)});
}

}  // namespace memseal::probe
