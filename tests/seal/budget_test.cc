// SPDX-License-Identifier: Apache-2.0
// The kernel's room for filters: what memseal expects of it, and that a commit
// of two programs is whole or nothing where it runs out.
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <sys/wait.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "bpf/kernel_length.h"
#include "filter/compiler.h"
#include "seal/support.h"
#include "sys/seccomp.h"

namespace memseal::test {
namespace {

using Code = std::vector<bpf::Instruction>;

/// Pages too far apart for two of them in one leaf, from `base` on.
Code program_for(Address base, std::size_t ranges) {
  std::vector<filter::GuardedRange> guarded;
  std::vector<PageRange> scratch;
  for (std::size_t i = 0; i < ranges; ++i) {
    scratch.push_back(*PageRange::create(base + 64 * i * page, page, page));
    guarded.push_back({scratch.back(), seal_type::all});
  }
  Code storage(bpf::max_instructions);
  auto program = filter::compile(
      guarded, {.part = filter::ProgramPart::all_but_moved_from}, storage,
      scratch);
  auto made = program->instructions();
  return {made.begin(), made.end()};
}

/// Constants of all sizes, each jump with two targets: what is longest.
Code program_of_jumps(std::size_t size) {
  std::mt19937 random(1);
  Code code;
  while (code.size() + 4 < size)
    code.push_back(
        {bpf::op::jgt_k, 1, 2, static_cast<std::uint32_t>(random())});
  while (code.size() < size)
    code.push_back({bpf::op::ret_k, 0, 0, SECCOMP_RET_ALLOW});
  return code;
}

bool install(const Code &code) {
  return sys::install_filter(
             {reinterpret_cast<const sock_filter *>(code.data()), code.size()})
      .has_value();
}

TEST(TheRoomForFilters, IsNeverLessThanReckonedWith) {
  const Code programs[] = {
      program_for(0x7f0000000000, 1), program_for(0x7fff00000000, 1200),
      program_for(0x1000, 300),       program_of_jumps(4096),
      program_of_jumps(100),          {{bpf::op::ret_k, 0, 0, 0x7fff0000}},
  };
  for (const Code &code : programs) {
    std::uint32_t each = bpf::most_kernel_instructions(code);
    SCOPED_TRACE(testing::Message() << "programs of " << code.size()
                                    << " instructions, reckoned as " << each);
    in_child([&] {
      for (std::uint32_t n = 0; n < bpf::kernel_room / each; ++n)
        CHILD_ASSERT_TRUE(install(code));
      // And it is the kernel that has an end, not the reckoning.
      int more = 0;
      while (more < 40'000 && install(code))
        ++more;
      CHILD_ASSERT_LT(more, 40'000);
    });
  }
}

bool all_can_be_moved(const std::vector<memseal_range> &ranges) {
  for (const memseal_range &range : ranges) {
    char *at = static_cast<char *>(range.addr);
    if (mremap(at, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, at + page) ==
        MAP_FAILED)
      return false;
  }
  return true;
}

TEST(TwoProgramsForOneCommit, AreInstalledBothOrNeither) {
  in_child([] {
    // Leave room for one large program, but not for two.
    auto first = scattered(1000), second = scattered(1000);
    while (memseal_many(first.data(), 1000, MEMSEAL_FILTER) == 0) {
      first = std::move(second);
      second = scattered(1000);
    }
    CHILD_ASSERT_EQ(errno, E2BIG);
    CHILD_ASSERT_TRUE(all_can_be_moved(first));
    char *one = fresh_pages(1);
    CHILD_ASSERT_EQ(memseal(one, page, MEMSEAL_MUNMAP, MEMSEAL_FILTER), 0);
  });
}

TEST(ProtectAndSeal, LowersNothingWhereItCannotSeal) {  // S-54
  in_child([] {
    char *at = fresh_pages(2);
    for (char *one : {at, at + page})
      CHILD_ASSERT_EQ(memseal(one, page, MEMSEAL_MPROTECT,
                              MEMSEAL_DOWNGRADABLE | MEMSEAL_FILTER),
                      0);
    // Twin: with room it is lowered and sealed.
    CHILD_ASSERT_EQ(
        memseal_mprotect(at, page, PROT_READ | MEMSEAL_PROT_IMMUTABLE), 0);
    CHILD_ASSERT_ERROR(mprotect(at, page, PROT_READ), EPERM);
    const Code small = program_of_jumps(8), large = program_of_jumps(1000);
    while (install(large)) {
    }
    while (install(small)) {
    }
    CHILD_ASSERT_ERROR(
        memseal_mprotect(at + page, page, PROT_READ | MEMSEAL_PROT_IMMUTABLE),
        E2BIG);
    at[page] = 'w';  // still writable
    CHILD_ASSERT_EQ(mprotect(at + page, page, PROT_READ), 0);
  });
}

// Their size cannot be known: memseal has to try. From room for everything to
// room for nothing, in steps that are smaller than one of the two programs.
TEST(TwoProgramsForOneCommit, AreBothOrNeitherBesideFiltersOfOthers) {
  enum Outcome { sealed, no_room };
  int sealed_some = 0, refused_some = 0;
  for (int others = 0; others <= 60; others += 3) {
    SCOPED_TRACE(testing::Message() << others << " filters of others");
    int outcome = in_child([others] {
      const Code small = program_of_jumps(256);
      for (int i = 0; i < others; ++i) {
        if (!install(small))
          return no_room;
      }
      auto ranges = scattered(1000);
      if (memseal_many(ranges.data(), 1000, MEMSEAL_FILTER) == 0) {
        CHILD_ASSERT_ERROR(munmap(ranges[7].addr, page), EPERM);
        return sealed;
      }
      CHILD_ASSERT_EQ(errno, E2BIG);
      CHILD_ASSERT_TRUE(all_can_be_moved(ranges));
      return no_room;
    });
    EXPECT_LE(outcome, no_room);
    ++(outcome == sealed ? sealed_some : refused_some);
  }
  EXPECT_GT(sealed_some, 0);
  EXPECT_GT(refused_some, 0);
}

// The child that tries them is nobody's to wait for, but a program may wait for
// any child.
TEST(TwoProgramsForOneCommit, MindNoThreadThatWaitsForAnyChild) {
  in_child([] {
    CHILD_ASSERT_TRUE(install(program_of_jumps(16)));
    std::atomic<bool> sealed{false};
    std::thread undertaker([&] {
      while (!sealed)
        waitpid(-1, nullptr, __WALL | WNOHANG);
    });
    int outcome = 0;
    for (int i = 0; i < 2 && outcome == 0; ++i) {
      auto ranges = scattered(700);
      outcome = memseal_many(ranges.data(), 700, MEMSEAL_FILTER);
    }
    sealed = true;
    undertaker.join();
    CHILD_ASSERT_EQ(outcome, 0);
  });
}

}  // namespace
}  // namespace memseal::test
