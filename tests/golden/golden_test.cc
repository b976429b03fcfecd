// SPDX-License-Identifier: Apache-2.0
// Programs against their listings in this folder; see CMakeLists.txt.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "bpf/listing.h"
#include "filter/compiler.h"

namespace memseal::filter {
namespace {

std::string listing_of(const Result<bpf::Program> &program) {
  if (!program)
    return "refused\n";
  std::string text;
  std::size_t position = 0;
  for (const bpf::Instruction &instruction : program->instructions()) {
    std::array<char, 64> room;
    text += bpf::list(instruction, position++, room);
    text += '\n';
  }
  return text;
}

void expect_golden(const std::string &name, Architecture architecture,
                   const Result<bpf::Program> &program) {
  std::string path =
      std::string(GOLDEN_FOLDER "/") + name +
      (architecture == Architecture::x86_64 ? ".x86_64.txt" : ".arm64.txt");
  std::string listing = listing_of(program);
  const char *mode = std::getenv("MEMSEAL_GOLDEN");
  if (mode != nullptr && std::strcmp(mode, "write") == 0) {
    std::ofstream(path) << listing;
    return;
  }
  std::ifstream file(path);
  std::string golden{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(listing == golden)
      << path << " differs; MEMSEAL_GOLDEN=write test_golden shows how";
}

class Golden : public testing::TestWithParam<Architecture> {
protected:
  Result<bpf::Program> ranges(std::vector<GuardedRange> guarded,
                              RangeOptions options = {}) {
    options.architecture = GetParam();
    std::vector<PageRange> scratch;
    for (const GuardedRange &g : guarded)
      scratch.push_back(g.range);
    return compile(guarded, options, storage_, scratch);
  }
  std::span<bpf::Instruction> storage() { return storage_; }

private:
  std::array<bpf::Instruction, bpf::max_instructions> storage_;
};
INSTANTIATE_TEST_SUITE_P(on, Golden,
                         testing::Values(Architecture::x86_64,
                                         Architecture::arm64));

PageRange pages(Address begin, std::size_t count) {
  return *PageRange::create(begin, count * 4096, 4096);
}

TEST_P(Golden, one_page_sealed_against_unmapping) {
  expect_golden("munmap", GetParam(),
                ranges({{pages(0x7f0012345000, 1), seal_type::munmap}}));
}

TEST_P(Golden, one_page_with_all_types) {
  expect_golden("all", GetParam(),
                ranges({{pages(0x7f0012345000, 1), seal_type::all}}));
}

TEST_P(Golden, ranges_on_both_sides_of_a_window_border) {
  expect_golden("windows", GetParam(),
                ranges({{pages(0x10000, 2), seal_type::munmap},
                        {pages(0x7fffffff000, 2), seal_type::munmap},
                        {pages(0x7f0000000000, 4), seal_type::munmap}}));
}

TEST_P(Golden, downgradable_beside_immutable) {
  expect_golden("downgrade", GetParam(),
                ranges({{pages(0x7f0000000000, 1), seal_type::mprotect,
                         Downgrade::allowed},
                        {pages(0x7f0000001000, 1), seal_type::mprotect}}));
}

TEST_P(Golden, the_arena) {
  expect_golden("arena", GetParam(),
                ranges({{pages(0x200000000000, std::size_t{1} << 32),
                         seal_type::all, Downgrade::allowed}}));
}

TEST_P(Golden, the_base_filter) {
  expect_golden("base-compatible", GetParam(),
                compile_base(BaseLevel::compatible, GetParam(), storage()));
  expect_golden("base-closed", GetParam(),
                compile_base(BaseLevel::closed, GetParam(), storage()));
}

}  // namespace
}  // namespace memseal::filter
