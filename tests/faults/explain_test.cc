// SPDX-License-Identifier: Apache-2.0
// memseal_explain_faults: what is told, to whom it steps aside, and when it
// holds its tongue. What a user sees:
// tests/system/faults-explain-themselves.sh.
#include <gtest/gtest.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "memseal/memseal.h"
#include "memseal/memseal_arena.h"
#include "support/engines.h"
#include "support/in_child.h"

namespace memseal::test {
namespace {

constexpr int dies = 1000 + SIGSEGV;

struct Told {
  int outcome;
  std::string text;
};

/// What the body writes to standard error, and how it ends.
Told told_by(const std::function<int()> &body) {
  int file = memfd_create("told", 0);
  int outcome = in_child([&] {
    dup2(file, 2);
    return body();
  });
  char text[4096];
  ssize_t size = pread(file, text, sizeof text, 0);
  close(file);
  return {outcome, {text, static_cast<std::size_t>(size < 0 ? 0 : size)}};
}

char *new_page() {
  return static_cast<char *>(
      mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}
void write_to(volatile char *at) {
  *at = 'X';
}
char *sealed_page(unsigned flags) {
  char *page = new_page();
  CHILD_ASSERT_EQ(memseal::memseal(page, 4096, MEMSEAL_ALL, flags), 0);
  return page;
}

MEMSEAL_EVERY_ENGINE(Fault);

TEST_P(Fault, on_sealed_memory_is_told_and_ends_the_program_as_before) {
  auto write_late = [&](bool asked) {
    return told_by([=, flags = flag_of(GetParam())] {
      if (asked)
        CHILD_ASSERT_EQ(memseal_explain_faults(), 0);
      write_to(sealed_page(flags) + 16);
      return 0;
    });
  };
  Told silent = write_late(false), told = write_late(true);
  EXPECT_EQ(silent.outcome, dies);  // the control
  EXPECT_EQ(silent.text, "");
  EXPECT_EQ(told.outcome, dies);
  EXPECT_NE(told.text.find("wrote to 0x"), std::string::npos) << told.text;
  EXPECT_NE(told.text.find("byte 16 of the memory"), std::string::npos);
  EXPECT_NE(told.text.find("sealed by /"), std::string::npos);
  EXPECT_NE(told.text.find("written by /"), std::string::npos);
}

TEST(FaultTold, of_memory_that_is_not_sealed_is_nobody_s_business) {
  Told told = told_by([] {
    CHILD_ASSERT_EQ(memseal_explain_faults(), 0);
    sealed_page(0);
    write_to(new_page());
    return 0;
  });
  EXPECT_EQ(told.outcome, dies);
  EXPECT_EQ(told.text, "");
}

TEST(FaultTold, of_an_arena_names_the_arena_and_the_last_seal) {
  Told told = told_by([] {
    CHILD_ASSERT_EQ(memseal_explain_faults(), 0);
    memseal_arena *arena = nullptr;
    CHILD_ASSERT_EQ(memseal_arena_create(&arena, 0, 0), 0);
    (void)memseal_arena_allocate(arena, 40, 1);
    CHILD_ASSERT_EQ(memseal_arena_seal(arena), 0);
    auto *second = static_cast<char *>(memseal_arena_allocate(arena, 8, 1));
    CHILD_ASSERT_EQ(memseal_arena_seal(arena), 0);
    write_to(second);
    return 0;
  });
  EXPECT_EQ(told.outcome, dies);
  EXPECT_NE(told.text.find("byte 4096 of the arena at 0x"), std::string::npos)
      << told.text;
  EXPECT_NE(told.text.find("sealed by /"), std::string::npos);
}

TEST(FaultTold, of_what_was_sealed_before_is_told_without_the_place) {
  Told told = told_by([] {
    char *page = sealed_page(0);
    CHILD_ASSERT_EQ(memseal_explain_faults(), 0);
    write_to(page);
    return 0;
  });
  EXPECT_EQ(told.outcome, dies);
  EXPECT_NE(told.text.find("sealed by somebody else, or before"),
            std::string::npos)
      << told.text;
}

sigjmp_buf after_fault;
void on_fault(int) {
  siglongjmp(after_fault, 1);
}

TEST(FaultHandler, that_was_there_is_called_each_time) {
  Told told = told_by([] {
    struct sigaction action = {};
    action.sa_handler = on_fault;
    CHILD_ASSERT_EQ(sigaction(SIGSEGV, &action, nullptr), 0);
    CHILD_ASSERT_EQ(memseal_explain_faults(), 0);
    char *page = sealed_page(0);
    for (int i = 0; i < 3; ++i) {
      if (sigsetjmp(after_fault, 1) == 0) {
        write_to(page);
        return 1;
      }
    }
    return 0;
  });
  EXPECT_EQ(told.outcome, 0);
  std::size_t first = told.text.find("wrote to");
  EXPECT_NE(told.text.find("wrote to", first + 1), std::string::npos);
}

TEST(FaultHandler, that_is_for_one_fault_only_is_called_once) {
  Told told = told_by([] {
    struct sigaction action = {};
    action.sa_handler = on_fault;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    CHILD_ASSERT_EQ(sigaction(SIGSEGV, &action, nullptr), 0);
    CHILD_ASSERT_EQ(memseal_explain_faults(), 0);
    char *page = sealed_page(0);
    if (sigsetjmp(after_fault, 1) == 0) {
      write_to(page);
      return 1;
    }
    write_to(page);  // the default action now
    return 2;
  });
  EXPECT_EQ(told.outcome, dies);
}

TEST(FaultSignal, that_somebody_sent_ends_or_is_ignored_as_before) {
  EXPECT_EQ(told_by([] {
              CHILD_ASSERT_EQ(memseal_explain_faults(), 0);
              raise(SIGSEGV);
              return 0;
            }).outcome,
            dies);
  EXPECT_EQ(told_by([] {
              signal(SIGSEGV, SIG_IGN);
              CHILD_ASSERT_EQ(memseal_explain_faults(), 0);
              raise(SIGSEGV);
              return 7;
            }).outcome,
            7);
}

}  // namespace
}  // namespace memseal::test
