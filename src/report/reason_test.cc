// SPDX-License-Identifier: Apache-2.0
#include "report/reason.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace memseal::report {
namespace {

constexpr int reasons = static_cast<int>(Reason::tracer_failed) + 1;

TEST(Reason, each_has_a_name_and_a_sentence_of_its_own) {
  std::set<std::string> names, sentences;
  for (int i = 0; i < reasons; ++i) {
    Reason reason = static_cast<Reason>(i);
    if (reason == Reason::flawed)
      continue;  // the flaw's own sentence
    names.insert(name(reason));
    sentences.insert(sentence({.reason = reason}));
  }
  EXPECT_EQ(names.size(), reasons - 1u);
  EXPECT_EQ(sentences.size(), reasons - 1u);
}

TEST(Reason, of_a_flawed_object_tells_the_flaw) {
  Outcome outcome{.reason = Reason::flawed,
                  .flaw = elf::Flaw::text_relocations};
  EXPECT_STREQ(sentence(outcome), elf::sentence(elf::Flaw::text_relocations));
  EXPECT_STREQ(name(Reason::flawed), "flawed");
}

TEST(Reason, sealed_is_what_has_none) {
  for (int i = 0; i < reasons; ++i) {
    Reason reason = static_cast<Reason>(i);
    EXPECT_EQ(Outcome{.reason = reason}.sealed(), reason == Reason::none)
        << name(reason);
  }
}

// What --require is about: whatever nobody chose.
TEST(Reason, only_what_was_asked_to_be_left_out_does_not_fall_short) {
  const std::set<Reason> chosen = {
      Reason::none,
      Reason::writable_by_design,
      Reason::not_selected,
      Reason::segment_left_out,
      Reason::unmapped_gap,
      Reason::dlopen_skipped,
      Reason::matches_nothing,
  };
  for (int i = 0; i < reasons; ++i) {
    Reason reason = static_cast<Reason>(i);
    EXPECT_EQ(Outcome{.reason = reason}.falls_short(), !chosen.contains(reason))
        << name(reason);
  }
}

}  // namespace
}  // namespace memseal::report
