// SPDX-License-Identifier: Apache-2.0
// The one filter of a tree under a keeper, for all arguments: what it lets pass
// unseen acts on free memory only, and ordinary calls on free memory pass.
#include <gtest/gtest.h>

#include <vector>

#include "keeper/filter.h"
#include "prover.h"
#include "rules.h"
#include "symbolic_machine.h"

namespace memseal::prove {
namespace {

using filter::Architecture;
using keeper::TreeRules;
using keeper::ZoneShape;
using z3::expr;

constexpr unsigned bits = 66;  // nothing wraps

struct Tree {
  const char *name;
  const Way &way;
  Address stack;
  bool wide;
};

std::vector<Tree> trees() {
  const Way &x86 = all_ways()[0], &arm = all_ways()[2];
  return {{"x86_64", x86, 0x7ffc00000000, false},
          {"x86_64_wide", x86, 0x7ffc00000000, true},
          {"arm64_of_48_bits", arm, 0xfffff0000000, false},
          {"arm64_of_39_bits", arm, 0x7ff0000000, true},
          {"x86_64_without_free_memory", x86, 0x1234, false}};
}

class Keeper : public testing::TestWithParam<Tree> {
protected:
  const Way &way() const { return GetParam().way; }

  expr answer(const SymbolicCall &call) {
    TreeRules rules;
    rules.zone =
        ZoneShape::of(way().process, GetParam().stack, GetParam().wide);
    free_ = rules.zone.free_parts(way().process);
    storage_.resize(keeper::most_instructions);
    auto program = keeper::compile_filter(way().process, rules, storage_);
    if (!program)
      throw std::logic_error("the filter does not compile");
    return answer_of(program->instructions(), call);
  }
  expr passes(const SymbolicCall &call) {
    return answer(call) == prover_.word(allow);
  }

  expr number(std::uint64_t value) {
    return z3::zext(prover_.word64(value), bits - 64);
  }
  /// arm64 ignores the top byte.
  expr address(const SymbolicCall &call, unsigned n) {
    expr all = z3::zext(call.arguments[n], bits - 64);
    return way().process == Architecture::arm64
               ? all & number(~std::uint64_t{0} >> 8)
               : all;
  }
  expr has_bits(const SymbolicCall &call, unsigned n, std::uint32_t mask) {
    return (call.arguments[n].extract(31, 0) & prover_.word(mask)) !=
           prover_.word(0);
  }

  /// Whether all that the kernel may act on lies in one free part, however it
  /// rounds the length: to a page of 64 KiB, to any huge page.
  expr is_free(const SymbolicCall &call, unsigned at, unsigned length) {
    expr begin = address(call, at);
    expr end = begin + z3::zext(call.arguments[length], bits - 64);
    expr any = prover_.truth(false);
    for (PageRange part : free_) {
      expr inside = z3::uge(begin, number(part.begin()));
      for (std::uint64_t page :
           {1ULL << 12, 1ULL << 16, 1ULL << 21, 1ULL << 30, 1ULL << 34}) {
        expr rounded = (end + number(page - 1)) & ~number(page - 1);
        inside = inside && z3::ule(rounded, number(part.end()));
      }
      any = any || inside;
    }
    return any;
  }

  expr judged(const SymbolicCall &call, Act act) {
    expr in_free = is_free(call, 0, 1);
    switch (act) {
      case Act::mprotect:
      case Act::pkey_mprotect:
        return !in_free || has_bits(call, 2, 0x03000000);
      case Act::munmap:
        return !in_free;
      case Act::mmap:  // MAP_FIXED without MAP_FIXED_NOREPLACE
        return has_bits(call, 3, 0x10) && !has_bits(call, 3, 0x100000) &&
               !in_free;
      case Act::mremap: {  // a length of 0 names shared memory without end
        expr is_alias =
            call.arguments[1] == prover_.word64(0) && prover_.truth(true);
        expr two = has_bits(call, 3, 2 | 4);
        return !in_free || is_alias || (two && !is_free(call, 4, 2));
      }
      case Act::madvise: {
        expr destroys = prover_.truth(false);
        for (std::uint32_t one : {4U, 8U, 9U, 10U, 18U, 24U, 100U, 102U, 103U})
          destroys =
              destroys || call.arguments[2].extract(31, 0) == prover_.word(one);
        return destroys && !in_free;
      }
      case Act::brk:
        return prover_.truth(false);
      case Act::shmdt:
      case Act::remap_file_pages:
        return prover_.truth(true);
    }
    return prover_.truth(true);
  }

  Prover prover_;
  keeper::FreeParts free_;

private:
  std::vector<bpf::Instruction> storage_;
};
INSTANTIATE_TEST_SUITE_P(of, Keeper, testing::ValuesIn(trees()),
                         [](const auto &one) { return one.param.name; });

TEST_P(Keeper, sees_all_that_acts_on_memory_which_is_not_free) {
  for (Act act : all_acts) {
    SymbolicCall call = prover_.call(way(), way().number_of(act));
    expr pass = passes(call);
    EXPECT_EQ(prover_.call_for(pass && judged(call, act), call,
                               std::string(name_of(act)) + " is not seen"),
              "");
  }
}

TEST_P(Keeper, is_not_asked_about_ordinary_calls_on_free_memory) {
  for (Act act : {Act::mprotect, Act::pkey_mprotect, Act::munmap, Act::mmap,
                  Act::mremap, Act::madvise}) {
    SymbolicCall call = prover_.call(way(), way().number_of(act));
    expr asked = !passes(call);
    EXPECT_EQ(
        prover_.call_for(asked && !judged(call, act) &&
                             call.arguments[1] != prover_.word64(0) &&
                             call.arguments[2] != prover_.word64(0) &&
                             is_free(call, 0, 1),
                         call, std::string(name_of(act)) + " is asked about"),
        "");
  }
}

// shmat with SHM_REMAP, process_madvise with destructive advice,
// prctl(PR_SET_MM and PR_SET_DUMPABLE), io_uring_setup, setuid and kin.
TEST_P(Keeper, lets_no_call_pass_that_acts_elsewhere_than_it_says) {
  const bool is_x86 = way().process == Architecture::x86_64;
  auto never = [&](std::uint32_t number, auto when) {
    SymbolicCall call = prover_.call(way(), number);
    expr pass = passes(call);
    EXPECT_EQ(prover_.call_for(pass && when(call), call, "it passes"), "");
  };
  auto always = [&](const SymbolicCall &) { return prover_.truth(true); };
  auto is = [&](unsigned n, const std::vector<std::uint32_t> &values) {
    return [this, n, values](const SymbolicCall &call) {
      expr any = prover_.truth(false);
      for (std::uint32_t one : values)
        any = any || call.arguments[n].extract(31, 0) == prover_.word(one);
      return any;
    };
  };
  never(is_x86 ? 30 : 196,
        [&](const SymbolicCall &call) { return has_bits(call, 2, 040000); });
  never(440, is(3, {4, 8, 9, 10, 18, 24, 100, 102, 103}));
  never(is_x86 ? 157 : 167, is(0, {35, 4}));
  never(425, always);
  const std::vector<std::uint32_t> hiding[] = {
      {146, 144, 145, 143, 147, 149, 151, 152},
      {105, 106, 113, 114, 117, 119, 122, 123}};
  for (std::uint32_t number : hiding[is_x86 ? 1 : 0])
    never(number, always);
  // Whoever asks the keeper: brk(0, "memsealk").
  never(is_x86 ? 12 : 214, [&](const SymbolicCall &call) {
    return call.arguments[0] == prover_.word64(0) &&
           call.arguments[1] == prover_.word64(0x6d656d7365616c6b);
  });
}

TEST_P(Keeper, sees_every_32_bit_memory_call_of_x86) {
  const Way &i386 = all_ways()[1];
  if (way().process != i386.process)
    GTEST_SKIP() << "arm64 cannot make 32-bit calls from 64-bit programs";
  for (Act act : all_acts) {
    SymbolicCall call = prover_.call(i386, i386.number_of(act));
    expr replaces = prover_.truth(true);
    if (act == Act::mmap)
      replaces = has_bits(call, 3, 0x10) && !has_bits(call, 3, 0x100000);
    if (act == Act::madvise)
      replaces = call.arguments[2].extract(31, 0) == prover_.word(4);
    if (act == Act::brk)
      continue;
    expr pass = passes(call);
    EXPECT_EQ(prover_.call_for(pass && replaces, call,
                               std::string(name_of(act)) + " is not seen"),
              "");
  }
}

}  // namespace
}  // namespace memseal::prove
