// SPDX-License-Identifier: Apache-2.0
// Compiled programs against the rules, for all values of all registers: what
// tests sample, the solver looks for. A call that breaks a rule is printed.
//
// MEMSEAL_PROVE=all (./dev prove): more sets of ranges, and larger ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <random>
#include <sstream>
#include <vector>

#include "base_rules.h"
#include "filter/programs.h"
#include "prover.h"
#include "rules.h"
#include "symbolic_machine.h"

namespace memseal::prove {
namespace {

using filter::Architecture;
using filter::GuardedRange;
using filter::RangeOptions;
using z3::expr;

bool prove_all() {
  const char *wish = std::getenv("MEMSEAL_PROVE");
  return wish != nullptr && std::strcmp(wish, "all") == 0;
}

PageRange pages(Address begin, std::uint64_t count) {
  return *PageRange::create(begin, count * 4096, 4096);
}

struct Case {
  std::string name;
  std::vector<GuardedRange> ranges;
  RangeOptions options = {};
  std::uint64_t page = 4096;
};

/// Sorted, disjoint, some touching, near the borders of words, of windows of
/// 8 TiB and of huge pages.
std::vector<GuardedRange> some_ranges(std::size_t count, unsigned seed,
                                      std::uint64_t page) {
  std::mt19937_64 dice(seed);
  constexpr std::uint64_t centres[] = {
      0x400000,      0x40000000,     0xfff00000,     0x555555550000,
      0x7fffff00000, 0x7ffff7000000, 0x7fffffe00000, 0x100000000000};
  std::vector<std::uint64_t> edges;
  while (edges.size() < 2 * count) {
    std::uint64_t edge = centres[dice() % 8] + page * (dice() % (64 + count));
    if (std::find(edges.begin(), edges.end(), edge) == edges.end())
      edges.push_back(edge);
  }
  std::sort(edges.begin(), edges.end());
  std::vector<GuardedRange> ranges;
  for (std::size_t i = 0; i + 1 < edges.size(); i += 1 + dice() % 2) {
    SealTypes types{dice() % 2 == 0 ? 0x3fU
                                    : static_cast<std::uint32_t>(dice() % 64)};
    if (edges[i + 1] - edges[i] < (std::uint64_t{1} << 30))
      ranges.push_back(
          {*PageRange::create(edges[i], edges[i + 1] - edges[i], page), types,
           dice() % 3 == 0 ? Downgrade::allowed : Downgrade::refused});
    if (ranges.size() == count)
      break;
  }
  return ranges;
}

/// `count` ranges of one page, every second page.
std::vector<GuardedRange> every_second_page(Address begin, std::size_t count) {
  std::vector<GuardedRange> ranges;
  for (std::size_t i = 0; i < count; ++i)
    ranges.push_back({pages(begin + 2 * 4096 * i, 1), seal_type::munmap});
  return ranges;
}

/// Clusters: over a window's border, after a long range, before a far one.
std::vector<GuardedRange> clustered() {
  std::vector<GuardedRange> ranges = every_second_page(0x7fffffef000, 18);
  ranges.push_back({pages(0x7ffff7000000, 100), seal_type::munmap});
  for (const GuardedRange &one : every_second_page(0x7ffff7065000, 14))
    ranges.push_back(one);
  ranges.push_back({pages(0x7ffff7081000, 3), seal_type::munmap});
  ranges.push_back({pages(0x7ffff7085000, 40), seal_type::munmap});
  ranges.push_back({pages(0x7fffffff0000, 1), seal_type::munmap});
  return ranges;
}

std::vector<Case> cases() {
  const PageRange page = pages(0x7f0012345000, 1);
  std::vector<Case> all = {
      {"one page against unmapping", {{page, seal_type::munmap}}},
      {"one page with all types", {{page, seal_type::all}}},
      {"both sides of a window's border",
       {{pages(0x10000, 2), seal_type::munmap},
        {pages(0x7fffffff000, 2), seal_type::munmap},
        {pages(0x7f0000000000, 4), seal_type::munmap}}},
      {"downgradable beside immutable",
       {{pages(0x7f0000000000, 1), seal_type::mprotect, Downgrade::allowed},
        {pages(0x7f0000001000, 1), seal_type::mprotect}}},
      {"an arena's window",
       {{pages(0x200000000000, std::uint64_t{1} << 32), seal_type::all,
         Downgrade::allowed}}},
  };
  Case heap{"a heap and a segment",
            {{pages(0x555555600000, 16), seal_type::all}}};
  heap.options.breaks = pages(0x5555555f0000, 32);
  static constexpr Address attachments[] = {0x7f0000400000, 0x7f0000800000};
  heap.options.attachments = attachments;
  all.push_back(heap);
  Case no_huge_files{"no files of huge pages", some_ranges(2, 7, 4096)};
  no_huge_files.options.huge_files = filter::HugeFiles::none;
  all.push_back(no_huge_files);
  all.push_back({"clusters", clustered()});
  const std::vector<std::size_t> counts =
      prove_all() ? std::vector<std::size_t>{1, 2, 3, 4, 6, 9, 14, 21, 33, 50}
                  : std::vector<std::size_t>{3};
  for (std::size_t count : counts) {
    for (std::uint64_t size : {4096, 65536})
      all.push_back({std::to_string(count) + " ranges, pages of " +
                         std::to_string(size / 1024) + " KiB",
                     some_ranges(count, static_cast<unsigned>(count), size),
                     {},
                     size});
  }
  if (prove_all()) {
    // Far from each other, so that there are no clusters.
    Case many{"700 ranges in two programs", {}};
    for (std::size_t i = 0; i < 700; ++i)
      many.ranges.push_back(
          {pages(0x7f0000000000 + i * 0x40000, 1), seal_type::mremap});
    all.push_back(many);
    all.push_back(
        {"100 clustered pages", every_second_page(0x7f0012345000, 100)});
  }
  return all;
}

std::string describe(const Case &one) {
  std::ostringstream text;
  text << one.name << std::hex << "\n";
  for (const GuardedRange &g : one.ranges)
    text << "  0x" << g.range.begin() << "-0x" << g.range.end() << " types 0x"
         << g.types.bits
         << (g.downgrade == Downgrade::allowed ? " downgradable\n" : "\n");
  return text.str();
}

class Ranges : public testing::TestWithParam<Case> {
protected:
  /// What is allowed by all programs that the ranges need.
  expr allowed(Prover &prover, Architecture architecture,
               const SymbolicCall &call) {
    RangeOptions options = GetParam().options;
    options.architecture = architecture;
    storage_.resize(filter::programs_storage);
    std::vector<PageRange> scratch(GetParam().ranges.size(),
                                   GetParam().ranges[0].range);
    auto programs =
        filter::compile_programs(GetParam().ranges, options, storage_, scratch);
    if (!programs)
      throw std::logic_error("the ranges do not compile");
    expr all = prover.truth(true);
    for (const bpf::Program &program : *programs)
      all =
          all && answer_of(program.instructions(), call) == prover.word(allow);
    return all;
  }

private:
  std::vector<bpf::Instruction> storage_;
};

TEST_P(Ranges, what_is_allowed_acts_on_no_sealed_page) {
  for (const Way &way : all_ways()) {
    for (Act act : all_acts) {
      Prover prover;
      SymbolicCall call = prover.call(way, way.number_of(act));
      Rule rule = rule_of(
          act, way, {GetParam().ranges, GetParam().options, GetParam().page},
          call);
      EXPECT_EQ(
          prover.call_for(allowed(prover, way.process, call) && rule.acts, call,
                          std::string(name_of(act)) + " is allowed"),
          "")
          << way.name << ", " << describe(GetParam());
    }
  }
}

TEST_P(Ranges, what_is_refused_touches_a_sealed_page) {
  for (const Way &way : all_ways()) {
    for (Act act : all_acts) {
      Prover prover;
      SymbolicCall call = prover.call(way, way.number_of(act));
      Rule rule = rule_of(
          act, way, {GetParam().ranges, GetParam().options, GetParam().page},
          call);
      EXPECT_EQ(
          prover.call_for(!allowed(prover, way.process, call) && !rule.touches,
                          call, std::string(name_of(act)) + " is refused"),
          "")
          << way.name << ", " << describe(GetParam());
    }
  }
}

TEST_P(Ranges, every_other_call_is_allowed) {
  for (const Way &way : all_ways()) {
    Prover prover;
    SymbolicCall call = prover.call(way);
    expr is_other = prover.truth(true);
    for (Act act : all_acts)
      is_other = is_other && call.number != prover.word(way.number_of(act));
    EXPECT_EQ(prover.call_for(!allowed(prover, way.process, call) && is_other,
                              call, "another call is refused"),
              "")
        << way.name << ", " << describe(GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(
    of, Ranges, testing::ValuesIn(cases()), [](const auto &one) {
      std::string name = one.param.name;
      for (char &c : name)
        c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
      return name;
    });

class Base : public testing::TestWithParam<BaseLevel> {};
INSTANTIATE_TEST_SUITE_P(level, Base,
                         testing::Values(BaseLevel::compatible,
                                         BaseLevel::closed));

TEST_P(Base, filter_answers_as_its_table_says) {
  for (const Way &way : all_ways()) {
    Prover prover;
    SymbolicCall call = prover.call(way);
    std::vector<bpf::Instruction> storage(bpf::max_instructions);
    auto program = filter::compile_base(GetParam(), way.process, storage);
    ASSERT_TRUE(program);
    expr answer = answer_of(program->instructions(), call);
    EXPECT_EQ(prover.call_for(answer != base_answer(GetParam(), way, call),
                              call, "another answer than the table's"),
              "")
        << way.name;
  }
}

TEST_P(Base, filter_lets_other_architectures_pass) {
  for (Architecture process : {Architecture::x86_64, Architecture::arm64}) {
    Prover prover;
    SymbolicCall call = prover.call();
    std::vector<bpf::Instruction> storage(bpf::max_instructions);
    auto program = filter::compile_base(GetParam(), process, storage);
    ASSERT_TRUE(program);
    expr is_other = prover.truth(true);
    for (const Way &way : all_ways()) {
      if (way.process == process)
        is_other = is_other &&
                   call.architecture != prover.word(way.audit_architecture);
    }
    EXPECT_EQ(prover.call_for(answer_of(program->instructions(), call) !=
                                      prover.word(allow) &&
                                  is_other,
                              call, "a foreign call is refused"),
              "");
  }
}

}  // namespace
}  // namespace memseal::prove
