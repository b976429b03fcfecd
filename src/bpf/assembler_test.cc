// SPDX-License-Identifier: Apache-2.0
#include "bpf/assembler.h"

#include <gtest/gtest.h>

#include <vector>

#include "bpf/listing.h"
#include "bpf/machine.h"

namespace memseal::bpf {
namespace {

constexpr std::uint32_t allow = 0x7fff0000, deny = 0x00050001;

class AssemblerTest : public testing::Test {
protected:
  std::vector<Instruction> storage_ = std::vector<Instruction>(8192);
  Assembler as_{storage_};

  std::uint32_t answer(const Program &program, std::uint32_t number) {
    auto got = run(program.instructions(),
                   {.number = static_cast<std::int32_t>(number)});
    EXPECT_TRUE(got.has_value());
    return got.value_or(0xdead);
  }
};

TEST_F(AssemblerTest, a_program_reads_as_its_continuations_say) {
  Node no = as_.ret(deny);
  Node yes = as_.ret(allow);
  auto program =
      as_.finish(as_.then(op::ld, 0, as_.jump(op::jeq_k, 7, yes, no)));
  ASSERT_TRUE(program);
  EXPECT_EQ(answer(*program, 7), allow);
  EXPECT_EQ(answer(*program, 8), deny);
}

// A conditional jump reaches 255 instructions: around there, either target,
// return or not, must be found all the same.
TEST_F(AssemblerTest, targets_on_both_sides_of_the_reach_are_found) {
  for (std::uint32_t distance = 245; distance <= 265; ++distance) {
    for (bool far_is_return : {true, false}) {
      for (bool far_if_true : {true, false}) {
        std::vector<Instruction> storage(1024);
        Assembler as(storage);
        Node far = as.ret(deny);
        if (!far_is_return)
          far = as.then(op::ld_imm, 1, far);
        Node near = as.ret(allow);
        for (std::uint32_t i = 0; i < distance; ++i)
          near = as.then(op::add_k, 0, near);
        Node test = far_if_true ? as.jump(op::jeq_k, 7, far, near)
                                : as.jump(op::jeq_k, 7, near, far);
        auto program = as.finish(as.then(op::ld, 0, test));
        ASSERT_TRUE(program);
        ASSERT_TRUE(check(program->instructions())) << distance;
        EXPECT_EQ(answer(*program, 7), far_if_true ? deny : allow) << distance;
        EXPECT_EQ(answer(*program, 8), far_if_true ? allow : deny) << distance;
      }
    }
  }
}

TEST_F(AssemblerTest, both_targets_may_be_far) {
  for (std::uint32_t distance = 250; distance <= 259; ++distance) {
    std::vector<Instruction> storage(2048);
    Assembler as(storage);
    Node one = as.then(op::ld_imm, 1, as.ret(deny));
    Node two = as.then(op::ld_imm, 1, as.ret(allow));
    Node between = as.ret(0);
    for (std::uint32_t i = 0; i < distance; ++i)
      between = as.then(op::add_k, 0, between);
    auto program =
        as.finish(as.then(op::ld, 0, as.jump(op::jgt_k, 7, one, two)));
    ASSERT_TRUE(program);
    EXPECT_EQ(answer(*program, 8), deny);
    EXPECT_EQ(answer(*program, 7), allow);
  }
}

TEST_F(AssemblerTest, a_far_return_is_copied_once_for_many_jumps) {
  Node no = as_.ret(deny);
  Node next = as_.ret(allow);
  for (std::uint32_t i = 0; i < 300; ++i)
    next = as_.then(op::add_k, 0, next);
  std::uint32_t before = as_.size();
  for (std::uint32_t i = 0; i < 50; ++i)
    next = as_.jump(op::jeq_k, i, no, next);
  EXPECT_EQ(as_.size(), before + 50 + 2);  // the copy and its dead jump
}

TEST_F(AssemblerTest, a_comparison_whose_branches_agree_vanishes) {
  Node no = as_.ret(deny);
  EXPECT_EQ(as_.jump(op::jeq_k, 7, no, no), no);
}

TEST_F(AssemblerTest, the_kernel_takes_4096_instructions_and_no_more) {
  for (std::uint32_t extra : {0U, 1U}) {
    std::vector<Instruction> storage(8192);
    Assembler as(storage);
    Node next = as.ret(allow);
    while (as.size() < max_instructions + extra)
      next = as.then(op::add_k, 0, next);
    auto program = as.finish(next);
    EXPECT_EQ(program.has_value(), extra == 0);
    if (!program) {
      EXPECT_EQ(program.error().code, Errc::budget);
    }
  }
}

TEST_F(AssemblerTest, storage_that_is_too_small_is_a_budget_error) {
  std::vector<Instruction> storage(3);
  Assembler as(storage);
  Node next = as.ret(allow);
  for (int i = 0; i < 5; ++i)
    next = as.then(op::add_k, 0, next);
  EXPECT_EQ(as.finish(next).error().code, Errc::budget);
}

// Without the dead jump behind a return, the checker would think that what
// follows it is reached with too little written.
TEST_F(AssemblerTest, scratch_memory_is_seen_written_behind_a_return) {
  Node end = as_.ret(allow);
  Node reads = as_.then(op::ld_mem, 0, as_.then(op::add_k, 1, end));
  Node stop = as_.ret(deny);
  Node writes = as_.then(op::st, 0, reads);
  Node entry = as_.then(op::ld, 0, as_.jump(op::jeq_k, 7, stop, writes));
  auto program = as_.finish(entry);
  ASSERT_TRUE(program);
  EXPECT_TRUE(check(program->instructions()));
}

TEST(Listing, names_every_part_of_an_instruction) {
  char buffer[64];
  EXPECT_EQ(list({op::ld, 0, 0, 16}, 0, buffer), "   0  LD   [16]");
  EXPECT_EQ(list({op::jgt_k, 3, 0, 0x1000}, 12, buffer),
            "  12  JGT  #0x1000 ? 16 : 13");
  EXPECT_EQ(list({op::jge_x, 0, 1, 0}, 7, buffer), "   7  JGE  X ? 8 : 9");
  EXPECT_EQ(list({op::ret_k, 0, 0, deny}, 1, buffer), "   1  RET  #0x50001");
  EXPECT_EQ(list({op::ja, 0, 0, 2}, 1, buffer), "   1  JA   4");
  EXPECT_EQ(list({op::or_x, 0, 0, 0}, 1, buffer), "   1  OR   X");
  EXPECT_EQ(list({op::rsh_k, 0, 0, 12}, 1, buffer), "   1  RSH  #0xc");
  EXPECT_EQ(list({op::stx, 0, 0, 3}, 1, buffer), "   1  STX  M[3]");
}

}  // namespace
}  // namespace memseal::bpf
