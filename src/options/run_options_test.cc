// SPDX-License-Identifier: Apache-2.0
#include "options/run_options.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace memseal {
namespace {

std::string format(const RunOptions &options) {
  std::array<char, 256> buffer;
  return std::string(format_run_options(options, buffer).value());
}

bool refused(std::string_view text) {
  auto options = parse_run_options(text);
  return !options && options.error().code == Errc::malformed;
}

TEST(RunOptions, defaults_travel_as_an_empty_text) {
  EXPECT_EQ(format({}), "");
  RunOptions options = parse_run_options("").value();
  EXPECT_EQ(options.engine, Engine::automatic);
  EXPECT_EQ(options.dlopen, DlopenPolicy::pin);
  EXPECT_EQ(options.relro, RelroMemory::anonymous);
  EXPECT_EQ(options.at_exit, AtExit::unchecked);
  EXPECT_EQ(options.slots, Slots::keep);
  EXPECT_EQ(options.requirement, Requirement::best_effort);
  EXPECT_EQ(options.inheritance, Inheritance::children_sealed);
  EXPECT_TRUE(options.only.empty() && options.except.empty());
  EXPECT_TRUE(options.report.empty());
}

TEST(RunOptions, every_setting_survives_the_journey) {
  RunOptions sent{.engine = strict_tree,
                  .dlopen = DlopenPolicy::skip,
                  .relro = RelroMemory::file,
                  .at_exit = AtExit::check,
                  .slots = Slots::seal,
                  .requirement = Requirement::required,
                  .inheritance = Inheritance::children_unsealed,
                  .segments = {.text = true, .rodata = false, .relro = true},
                  .types = seal_type::mprotect | seal_type::discard,
                  .only = "lib*,[vdso]",
                  .except = "libjvm.so",
                  .launched = 4711,
                  .report = "/tmp/a;b=c.json",
                  .standard_error = FileIdentity{0x1600000003, 0xabc}};
  std::string text = format(sent);
  EXPECT_EQ(
      text,
      "engine=strict;dlopen=skip;relro=file;slots=seal;at-exit=check;require;"
      "no-inherit;"
      "segments=text,relro;"
      "types=mprotect,discard;only=lib*,[vdso];"
      "except=libjvm.so;launched=4711;"
      "standard-error=1600000003:abc;report=/tmp/a;b=c.json");
  RunOptions got = parse_run_options(text).value();
  EXPECT_EQ(got.engine, sent.engine);
  EXPECT_EQ(got.dlopen, sent.dlopen);
  EXPECT_EQ(got.relro, sent.relro);
  EXPECT_EQ(got.slots, sent.slots);
  EXPECT_EQ(got.at_exit, sent.at_exit);
  EXPECT_EQ(got.requirement, sent.requirement);
  EXPECT_EQ(got.inheritance, sent.inheritance);
  EXPECT_EQ(got.segments, sent.segments);
  EXPECT_EQ(got.types, sent.types);
  EXPECT_EQ(got.only, sent.only);
  EXPECT_EQ(got.except, sent.except);
  EXPECT_EQ(got.launched, sent.launched);
  EXPECT_EQ(got.report, sent.report);
  EXPECT_EQ(got.standard_error, sent.standard_error);
}

TEST(RunOptions, that_permit_violations_travel_but_nobody_may_ask_for_them) {
  RunOptions sent{.on_violation = OnViolation::permit};
  EXPECT_EQ(format(sent), "on-violation=permit");
  EXPECT_EQ(parse_run_options("on-violation=permit").value().on_violation,
            OnViolation::permit);
  EXPECT_FALSE(parse_on_violation("permit").has_value());
  for (const char *word : {"deny", "report", "kill", "trap"})
    EXPECT_TRUE(parse_on_violation(word).has_value()) << word;
}

TEST(RunOptions, every_word_of_engine_and_dlopen_is_known) {
  EXPECT_EQ(parse_engine("auto").value(), Engine::automatic);
  EXPECT_EQ(parse_engine("native").value(), Engine::native);
  EXPECT_EQ(parse_engine("keeper").value(), Engine::keeper);
  EXPECT_EQ(parse_engine("strict").value(), strict_tree);
  EXPECT_EQ(parse_engine("filter").value(), Engine::filter);
  EXPECT_EQ(parse_dlopen("pin").value(), DlopenPolicy::pin);
  EXPECT_EQ(parse_dlopen("seal").value(), DlopenPolicy::seal);
  EXPECT_EQ(parse_dlopen("skip").value(), DlopenPolicy::skip);
  EXPECT_FALSE(parse_engine("").has_value());
  EXPECT_FALSE(parse_engine("exact").has_value());
  EXPECT_FALSE(parse_dlopen("pinned").has_value());
}

TEST(RunOptions, lists_of_segments_and_types_name_each_word_once) {
  EXPECT_EQ(parse_segments("relro,text,rodata"), every_segment);
  EXPECT_EQ(parse_segments("rodata"), (SegmentSet{false, true, false}));
  EXPECT_EQ(parse_types("all"), seal_type::all);
  EXPECT_EQ(parse_types("seal,mprotect,munmap,mmap,mremap,discard"),
            seal_type::all);
  EXPECT_EQ(parse_types("mremap"), seal_type::mremap);
  for (const char *list : {"", ",", "text,", "text,,relro", "text,text", "gap"})
    EXPECT_FALSE(parse_segments(list)) << list;
  for (const char *list : {"", "munmap,munmap", "all,munmap", "brk"})
    EXPECT_FALSE(parse_types(list)) << list;
}

TEST(RunOptions, what_is_not_understood_is_refused) {
  EXPECT_FALSE(refused("engine=native"));  // control
  EXPECT_TRUE(refused("engine=magic"));
  EXPECT_TRUE(refused("engine"));
  EXPECT_TRUE(refused("colour=red"));
  EXPECT_TRUE(refused("require=yes"));
  EXPECT_TRUE(refused("only="));
  EXPECT_TRUE(refused("report="));
  EXPECT_TRUE(refused(";"));
  EXPECT_TRUE(refused("require;"));
  EXPECT_TRUE(refused("require;;no-inherit"));
}

TEST(RunOptions, a_pattern_may_not_hold_the_separator) {
  std::array<char, 64> buffer;
  EXPECT_TRUE(format_run_options({.only = "a,b"}, buffer).has_value());
  EXPECT_EQ(format_run_options({.only = "a;b"}, buffer), fail(Errc::invalid));
  EXPECT_EQ(format_run_options({.except = "a;b"}, buffer), fail(Errc::invalid));
}

TEST(RunOptions, a_text_that_does_not_fit_is_refused) {
  std::array<char, 11> buffer;
  EXPECT_EQ(format_run_options({.only = "abcdef"}, buffer), "only=abcdef");
  EXPECT_EQ(format_run_options({.only = "abcdefg"}, buffer),
            fail(Errc::capacity));
}

}  // namespace
}  // namespace memseal
