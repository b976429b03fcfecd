// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace memseal::cli {
namespace {

using Strings = std::vector<std::string>;

/// One verb with an option of each kind.
class OptionsTest : public testing::Test {
protected:
  std::optional<int> parse(Strings words) {
    Options options("status", "shows something", "Exit code: 0 done.");
    options.flag("-j,--json", json, "print JSON");
    options.text("--root", root, "another root");
    options.number("--count", count, "how many");
    options.choice("--colour", colour, {"auto", "never"}, "colours");
    options.texts("--only", only, "patterns");
    options.positionals("PID", processes, "processes");
    return run(options, std::move(words));
  }
  std::optional<int> parse_command(Strings words) {
    Options options("trace", "traces a program");
    options.flag("--json", json, "print JSON");
    options.command("PROG", processes, "the program");
    return run(options, std::move(words));
  }
  std::optional<int> run(Options &options, Strings words) {
    words.insert(words.begin(), "status");
    std::vector<char *> arguments;
    for (std::string &word : words)
      arguments.push_back(word.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    auto code =
        options.parse(static_cast<int>(words.size()), arguments.data(), 42);
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    return code;
  }

  bool json = false;
  int count = 0;
  std::string root, colour = "auto", out, err;
  Strings only, processes;
};

TEST_F(OptionsTest, every_kind_writes_into_its_variable) {
  EXPECT_EQ(parse({"-j", "--root", "/x", "--count=3", "--colour=never",
                   "--only=a", "--only", "b", "1", "2"}),
            std::nullopt);
  EXPECT_TRUE(json);
  EXPECT_EQ(root, "/x");
  EXPECT_EQ(count, 3);
  EXPECT_EQ(colour, "never");
  EXPECT_EQ(only, (Strings{"a", "b"}));
  EXPECT_EQ(processes, (Strings{"1", "2"}));
}

TEST_F(OptionsTest, what_is_not_said_stays_as_it_was) {
  EXPECT_EQ(parse({}), std::nullopt);
  EXPECT_FALSE(json);
  EXPECT_EQ(colour, "auto");
}

TEST_F(OptionsTest, a_mistake_ends_with_the_verbs_code_and_is_told) {
  for (const Strings &words : {Strings{"--colour=red"},
                               {"--count=many"},
                               {"--nosuch"},
                               {"--root"},
                               {"--json=perhaps"}}) {
    EXPECT_EQ(parse(words), 42) << words[0];
    EXPECT_TRUE(err.starts_with("memseal: ")) << err;
    EXPECT_NE(err.find("memseal status --help says more."), std::string::npos);
    EXPECT_EQ(out, "");
  }
}

TEST_F(OptionsTest, help_is_printed_and_no_mistake) {
  EXPECT_EQ(parse({"--help"}), 0);
  EXPECT_NE(out.find("shows something"), std::string::npos);
  EXPECT_NE(out.find("auto|never"), std::string::npos);
  EXPECT_NE(out.find("Exit code: 0 done."), std::string::npos);
  EXPECT_EQ(err, "");
}

TEST_F(OptionsTest, a_commands_own_options_are_left_to_it) {
  EXPECT_EQ(parse_command({"--json", "ls", "--json", "-l", "--", "-x"}),
            std::nullopt);
  EXPECT_TRUE(json);
  EXPECT_EQ(processes, (Strings{"ls", "--json", "-l", "--", "-x"}));
}

TEST_F(OptionsTest, behind_two_dashes_a_command_may_look_like_an_option) {
  EXPECT_EQ(parse_command({"--", "-x", "-y"}), std::nullopt);
  EXPECT_FALSE(json);
  EXPECT_EQ(processes, (Strings{"-x", "-y"}));
}

TEST_F(OptionsTest, an_unknown_option_before_the_command_is_a_mistake) {
  EXPECT_EQ(parse_command({"--strict", "ls"}), 42);
}

}  // namespace
}  // namespace memseal::cli
