// SPDX-License-Identifier: Apache-2.0
// Each test names the rule of docs/semantics.md that it pins.
#include "model/address_space.h"

#include <gtest/gtest.h>
#include <linux/mman.h>

#include <cerrno>

namespace memseal::model {
namespace {

constexpr std::uint64_t page = 4096;
constexpr Address base = 0x7000'0000'0000;
constexpr Protection r{1}, rw{3}, rx{5}, rwx{7}, none{0};
constexpr std::uint32_t downgradable = 1;

constexpr Address at(int index) {
  return base + static_cast<Address>(index) * page;
}

/// Eight anonymous RW pages holding 100, 101, …
AddressSpace eight(Enforcement enforcement = Enforcement::filter) {
  AddressSpace space(page, enforcement);
  space.map(base, 8 * page, {rw});
  for (int i = 0; i < 8; ++i)
    space.write(at(i), 100 + static_cast<unsigned>(i));
  return space;
}

int seal(AddressSpace &space, int first, int count,
         SealTypes types = seal_type::all, std::uint32_t flags = 0) {
  return space
      .seal(at(first), static_cast<unsigned>(count) * page, types.bits, flags)
      .error;
}

bool same_pages(const AddressSpace &a, const AddressSpace &b) {
  if (a.pages().size() != b.pages().size())
    return false;
  for (const auto &[address, mine] : a.pages()) {
    auto found = b.pages().find(address);
    if (found == b.pages().end() ||
        found->second.protection != mine.protection ||
        a.read(address) != b.read(address))
      return false;
  }
  return true;
}

TEST(ModelSealCall, ArgumentChecksComeInTheDocumentedOrder) {
  AddressSpace space = eight();
  constexpr std::uint64_t top = ~std::uint64_t{0};
  EXPECT_EQ(space.seal(base + 1, page, 0x40, 0).error, EINVAL);        // S-01
  EXPECT_EQ(space.seal(base, page, 0x3f, 2).error, EINVAL);            // S-01
  EXPECT_EQ(space.seal(base, page, 0x4, downgradable).error, EINVAL);  // S-01
  EXPECT_EQ(space.seal(base + 1, 0, 0x3f, 0).error, EINVAL);           // S-02
  EXPECT_EQ(space.seal(base, top, 0x3f, 0).error, EINVAL);             // S-03
  EXPECT_EQ(space.seal(base, top - base + 1, 0x3f, 0).error, EINVAL);  // S-04
  EXPECT_EQ(space.seal(top - page + 1, 0, 0x3f, 0).error, 0);          // S-05
  EXPECT_EQ(space.seal(at(8), page, 0x3f, 0).error, ENOMEM);           // S-06
}

TEST(ModelSealCall, TheLowerOfAHoleAndAClosedPageDecides) {
  AddressSpace space = eight();
  ASSERT_EQ(seal(space, 2, 1, seal_type::seal), 0);
  space.unmap(at(4), page);
  EXPECT_EQ(seal(space, 2, 3, seal_type::munmap), EACCES);  // S-07 before S-06
  AddressSpace other = eight();
  ASSERT_EQ(seal(other, 4, 1, seal_type::seal), 0);
  other.unmap(at(2), page);
  EXPECT_EQ(seal(other, 2, 3, seal_type::munmap), ENOMEM);  // S-06 before S-07
}

TEST(ModelSealCall, FailureSealsNothing) {  // S-12
  AddressSpace space = eight();
  EXPECT_EQ(seal(space, 6, 3), ENOMEM);
  EXPECT_EQ(space.unmap(at(6), 2 * page).error, 0);
}

TEST(ModelSealCall, APartialLastPageCountsWhole) {  // S-11
  AddressSpace space = eight();
  EXPECT_EQ(space.seal(base, page + 1, 0x3f, 0).error, 0);
  EXPECT_EQ(space.protect(at(1), page, r).error, EPERM);
  EXPECT_EQ(space.protect(at(2), page, r).error, 0);
}

TEST(ModelSealCall, NoTypesChangeNothing) {  // S-13
  AddressSpace space = eight();
  EXPECT_EQ(seal(space, 0, 2, {}), 0);
  EXPECT_EQ(seal(space, 7, 2, {}), ENOMEM);
  EXPECT_EQ(space.unmap(base, page).error, 0);
}

TEST(ModelAlgebra, SealsAccumulateAndSubsetsSucceed) {  // S-14
  AddressSpace space = eight();
  EXPECT_EQ(seal(space, 0, 1, seal_type::munmap), 0);
  EXPECT_EQ(seal(space, 0, 1, seal_type::mmap | seal_type::seal), 0);
  EXPECT_EQ(seal(space, 0, 1, seal_type::munmap), 0);
  EXPECT_EQ(seal(space, 0, 1, seal_type::mremap), EACCES);
  EXPECT_EQ(space.unmap(base, page).error, EPERM);
  EXPECT_EQ(space.map(base, page, {rw}).error, EPERM);
  EXPECT_EQ(space.protect(base, page, r).error, 0);
}

TEST(ModelAlgebra, ImmutableIsMoreThanDowngradable) {  // S-14
  AddressSpace space = eight();
  SealTypes closed = seal_type::mprotect | seal_type::seal;
  EXPECT_EQ(seal(space, 0, 1, closed, downgradable), 0);
  EXPECT_EQ(seal(space, 0, 1, seal_type::mprotect, downgradable), 0);
  EXPECT_EQ(seal(space, 0, 1, seal_type::mprotect), EACCES);
  EXPECT_EQ(seal(space, 1, 1, seal_type::mprotect), 0);
  EXPECT_EQ(seal(space, 1, 1, seal_type::mprotect, downgradable), 0);
  EXPECT_EQ(space.protect(at(0), page, r).error, 0);
  EXPECT_EQ(space.protect(at(1), page, r).error, EPERM);
}

TEST(ModelTypes, EachTypeForbidsItsOwnActAndNoOther) {  // S-21 to S-26
  const SealTypes types[] = {seal_type::mprotect, seal_type::munmap,
                             seal_type::mmap, seal_type::mremap,
                             seal_type::discard};
  for (SealTypes type : types) {
    auto outcome = [&](auto act) {
      AddressSpace space = eight();
      EXPECT_EQ(seal(space, 1, 1, type), 0);
      AddressSpace before = space;
      int error = act(space).error;
      EXPECT_TRUE(error == 0 || same_pages(space, before));
      return error;
    };
    auto expected = [&](SealTypes owner) { return owner == type ? EPERM : 0; };
    using Space = AddressSpace;
    EXPECT_EQ(outcome([](Space &s) { return s.protect(at(0), 2 * page, r); }),
              expected(seal_type::mprotect));
    EXPECT_EQ(outcome([](Space &s) { return s.unmap(at(0), 2 * page); }),
              expected(seal_type::munmap));
    EXPECT_EQ(outcome([](Space &s) { return s.map(at(0), 2 * page, {rw}); }),
              expected(seal_type::mmap));
    EXPECT_EQ(
        outcome([](Space &s) { return s.remap(at(0), 2 * page, page, 0, 0); }),
        expected(seal_type::mremap));
    EXPECT_EQ(
        outcome([](Space &s) { return s.remap(at(4), page, page, 3, at(1)); }),
        expected(seal_type::mremap));
    EXPECT_EQ(outcome([](Space &s) {
                return s.advise(at(0), 2 * page, MADV_DONTNEED);
              }),
              expected(seal_type::discard));
  }
}

TEST(ModelDenial, FilterIsAtomicAndNativeStopsHalfWay) {  // S-27, S-62
  AddressSpace filter = eight(), native = eight(Enforcement::native);
  for (AddressSpace *space : {&filter, &native}) {
    ASSERT_EQ(seal(*space, 2, 1), 0);
    EXPECT_EQ(space->protect(at(1), 3 * page, r).error, EPERM);
  }
  EXPECT_EQ(filter.pages().at(at(1)).protection, rw);
  EXPECT_EQ(native.pages().at(at(1)).protection, r);
  EXPECT_EQ(native.pages().at(at(3)).protection, rw);
}

TEST(ModelDenial, HolesInADeniedRangeDoNotMatter) {  // S-27
  AddressSpace space = eight();
  space.unmap(at(1), page);
  ASSERT_EQ(seal(space, 2, 1), 0);
  EXPECT_EQ(space.unmap(at(1), 2 * page).error, EPERM);
  EXPECT_EQ(space.protect(at(1), 2 * page, r).error, EPERM);
}

TEST(ModelDenial, NativeMremapLosesItsTargetBeforeTheDenial) {  // S-62
  AddressSpace space = eight(Enforcement::native);
  ASSERT_EQ(seal(space, 1, 1), 0);
  EXPECT_EQ(space.remap(at(0), 2 * page, page, 3, at(4)).error, EPERM);
  EXPECT_FALSE(space.pages().contains(at(4)));
  EXPECT_TRUE(space.pages().contains(at(0)));
}

TEST(ModelDenial, EmptyLengthsTouchNothingButAnAliasTouchesAPage) {
  AddressSpace space = eight();
  space.map(base, page, {rw, Backing::shared, 0});
  ASSERT_EQ(seal(space, 0, 1), 0);
  EXPECT_EQ(space.protect(base, 0, r).error, 0);                 // S-29
  EXPECT_EQ(space.advise(base, 0, MADV_DONTNEED).error, 0);      // S-29
  EXPECT_EQ(space.remap(base, 0, page, 3, at(4)).error, EPERM);  // S-34
  EXPECT_EQ(space.remap(base, ~0ul, page, 3, at(4)).error, EPERM);
}

TEST(ModelAdvice, NativeGuardsOnlyReadOnlyAnonymousMemory) {  // S-63
  AddressSpace space = eight(Enforcement::native);
  space.set_file(7, 77);
  space.map(at(2), page, {rw, Backing::private_file, 7});
  space.write(at(2), 5);
  space.protect(at(1), 2 * page, r);
  ASSERT_EQ(seal(space, 0, 3), 0);
  EXPECT_EQ(space.advise(at(0), page, MADV_DONTNEED).error, 0);
  EXPECT_EQ(space.read(at(0)), 0u);
  EXPECT_EQ(space.advise(at(1), page, MADV_DONTNEED).error, EPERM);
  EXPECT_EQ(space.read(at(1)), 101u);
  EXPECT_EQ(space.advise(at(2), page, MADV_DONTNEED).error, 0);
  EXPECT_EQ(space.read(at(2)), 77u);
}

TEST(ModelAdvice, HolesAreReportedAndDoNotStopTheWalk) {
  AddressSpace space = eight();
  space.unmap(at(1), page);
  EXPECT_EQ(space.advise(at(0), 3 * page, MADV_DONTNEED).error, ENOMEM);
  EXPECT_EQ(space.read(at(0)), 0u);
  EXPECT_EQ(space.read(at(2)), 0u);
}

TEST(ModelDowngrade, OnlyReadOnlyIsAllowedAndForEver) {  // S-50
  for (Protection from : {r, rw, rx}) {
    AddressSpace space = eight();
    space.protect(base, page, from);
    ASSERT_EQ(seal(space, 0, 1, seal_type::mprotect, downgradable), 0);
    EXPECT_EQ(space.protect(base, page, from).error, from == r ? 0 : EPERM);
    EXPECT_EQ(space.protect(base, page, none).error, EPERM);
    EXPECT_EQ(space.protect(base, page, r).error, 0);
    EXPECT_EQ(space.protect(base, page, rw).error, EPERM);
    EXPECT_EQ(space.protect(base, page, rx).error, EPERM);
    EXPECT_EQ(space.protect(base, page, r).error, 0);
  }
}

TEST(ModelDowngrade, WhatHasNoSingleRungIsNotSupported) {  // S-51
  for (Protection from : {none, rwx, Protection{2}, Protection{4}}) {
    AddressSpace space = eight();
    space.protect(base, page, from);
    EXPECT_EQ(seal(space, 0, 1, seal_type::mprotect, downgradable), EOPNOTSUPP);
    EXPECT_EQ(space.protect(base, page, rw).error, 0);
  }
}

TEST(ModelDowngrade, OneImmutablePageDeniesTheRange) {  // S-52
  AddressSpace space = eight();
  ASSERT_EQ(seal(space, 0, 1, seal_type::mprotect, downgradable), 0);
  ASSERT_EQ(seal(space, 2, 1, seal_type::mprotect), 0);
  EXPECT_EQ(space.protect(at(0), 2 * page, r).error, 0);
  EXPECT_EQ(space.protect(at(0), 3 * page, r).error, EPERM);
}

TEST(ModelEngines, NativeTakesAllTypesOrNothing) {  // S-61
  AddressSpace space = eight(Enforcement::native);
  EXPECT_EQ(seal(space, 0, 1, seal_type::mapping), EOPNOTSUPP);
  EXPECT_EQ(seal(space, 0, 1, seal_type::all, downgradable), EOPNOTSUPP);
  EXPECT_EQ(seal(space, 7, 2, seal_type::mapping), ENOMEM);  // S-06 first
  EXPECT_EQ(seal(space, 0, 1), 0);
}

TEST(ModelEngines, AFilterSealStaysAtItsAddress) {  // S-66
  AddressSpace space = eight();
  ASSERT_EQ(seal(space, 0, 1, seal_type::mprotect), 0);
  EXPECT_EQ(space.unmap(base, page).error, 0);
  EXPECT_EQ(space.map(base, page, {rw}).error, 0);
  EXPECT_EQ(space.protect(base, page, r).error, EPERM);
}

TEST(ModelBrk, ASealedHeapPageHoldsTheBreak) {  // S-35
  for (Enforcement by : {Enforcement::filter, Enforcement::native}) {
    AddressSpace space(page, by);
    space.set_heap(base);
    ASSERT_EQ(space.brk(at(4)).value, at(4));
    ASSERT_EQ(space.brk(at(3)).value, at(3));
    ASSERT_EQ(seal(space, 1, 1), 0);
    std::uint64_t denied = by == Enforcement::filter ? 0 : at(3);
    EXPECT_EQ(space.brk(at(1)).value, denied);
    EXPECT_EQ(space.brk(at(2)).value, at(2));
    EXPECT_EQ(space.brk(0).value, at(2));
  }
}

TEST(ModelMap, AFileMayBeOneOfHugePages) {  // S-33
  constexpr Address huge = 0x7000'0000'0000;
  bool possible = true;
  auto map_at = [&](Address at, Backing backing, std::uint64_t file_page) {
    AddressSpace space(page, Enforcement::filter);
    space.set_huge_files(possible);
    space.map(huge + 16 * page, page, {rw});
    space.seal(huge + 16 * page, page, seal_type::mmap.bits, 0);
    return space.map(at, page, {rw, backing, file_page}).error;
  };
  EXPECT_EQ(map_at(huge, Backing::anonymous, 0), 0);
  EXPECT_EQ(map_at(huge, Backing::shared, 0), EPERM);
  EXPECT_EQ(map_at(huge, Backing::shared, 512), EPERM);
  EXPECT_EQ(map_at(huge, Backing::shared, 1), 0);
  EXPECT_EQ(map_at(huge + page, Backing::shared, 0), 0);
  possible = false;
  EXPECT_EQ(map_at(huge, Backing::shared, 0), 0);
}

TEST(ModelRemap, AHugePageMayComeAlong) {  // S-34
  constexpr Address huge = 0x7000'0000'0000, from = 0x6000'0000'0000;
  auto move = [](Address old, Address target, std::uint64_t pages) {
    AddressSpace space(page, Enforcement::filter);
    for (std::uint64_t i = 0; i < pages; ++i)
      space.map(old + i * page, page, {rw});
    space.map(huge + 16 * page, page, {rw});
    space.seal(huge + 16 * page, page, seal_type::mremap.bits, 0);
    constexpr unsigned fixed = 3;
    return space.remap(old, pages * page, pages * page, fixed, target).error;
  };
  EXPECT_EQ(move(from, huge, 1), EPERM);
  EXPECT_EQ(move(from - page, huge - page, 2), EPERM);
  EXPECT_EQ(move(from - page, huge - page, 1), 0);
  EXPECT_EQ(move(from + page, huge, 1), 0);
  EXPECT_EQ(move(from + page, huge + page, 1), 0);
}

TEST(ModelMap, NoReplaceFindsWhatIsThere) {  // S-33
  AddressSpace space = eight();
  using How = AddressSpace::Placement::How;
  AddressSpace::Placement gently{rw, Backing::anonymous, 0, How::no_replace};
  EXPECT_EQ(space.map(at(7), 2 * page, gently).error, EEXIST);
  EXPECT_EQ(space.map(at(8), page, gently).error, 0);
}

}  // namespace
}  // namespace memseal::model
