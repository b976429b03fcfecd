// SPDX-License-Identifier: Apache-2.0
#include "launch/run_arguments.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace memseal::launch {
namespace {

/// An argument vector that lives as long as the test.
class Line {
public:
  explicit Line(std::vector<std::string> line) : words(std::move(line)) {
    for (std::string &word : words)
      vector.push_back(word.data());
    vector.push_back(nullptr);
  }
  std::vector<std::string> words;
  std::vector<char *> vector;
};

RunRequest parse(Line &line) {
  return parse_run_arguments(line.vector.data()).value();
}

bool refused(std::vector<std::string> words) {
  Line line(std::move(words));
  auto request = parse_run_arguments(line.vector.data());
  return !request && request.error().code == Errc::malformed;
}

TEST(RunArguments, what_follows_two_dashes_is_the_programs_own) {
  Line line({"--require", "--", "--engine=magic", "-x"});
  RunRequest request = parse(line);
  EXPECT_EQ(request.options.requirement, Requirement::required);
  EXPECT_STREQ(request.program[0], "--engine=magic");
  EXPECT_STREQ(request.program[1], "-x");
  EXPECT_EQ(request.program[2], nullptr);
}

TEST(RunArguments, the_first_word_that_is_no_option_is_the_program) {
  Line line({"--strict", "ls", "--engine=magic"});
  RunRequest request = parse(line);
  EXPECT_EQ(request.options.engine, strict_tree);
  EXPECT_STREQ(request.program[0], "ls");
  EXPECT_STREQ(request.program[1], "--engine=magic");
}

TEST(RunArguments, every_option_reaches_its_setting) {
  Line line({"--engine=filter", "--only=a*", "--except", "b*", "--dlopen=skip",
             "--require", "--report=/tmp/r", "--no-inherit", "--how", "preload",
             "true"});
  RunRequest request = parse(line);
  EXPECT_EQ(request.options.engine, Engine::filter);
  EXPECT_EQ(request.options.only, "a*");
  EXPECT_EQ(request.options.except, "b*");
  EXPECT_EQ(request.options.dlopen, DlopenPolicy::skip);
  EXPECT_EQ(request.options.requirement, Requirement::required);
  EXPECT_EQ(request.options.report, "/tmp/r");
  EXPECT_EQ(request.options.inheritance, Inheritance::children_unsealed);
  EXPECT_EQ(request.how, How::preload);
  EXPECT_STREQ(request.program[0], "true");
}

TEST(RunArguments, report_without_a_file_takes_no_word_and_means_stderr) {
  Line line({"--report", "true"});
  RunRequest request = parse(line);
  EXPECT_EQ(request.options.report, "-");
  EXPECT_STREQ(request.program[0], "true");
}

TEST(RunArguments, every_word_of_how_is_known) {
  for (auto [word, how] : {std::pair("--how=auto", How::automatic),
                           {"--how=audit", How::audit},
                           {"--how=preload", How::preload},
                           {"--how=trace", How::trace}}) {
    Line line({word, "true"});
    EXPECT_EQ(parse(line).how, how) << word;
  }
}

TEST(RunArguments, what_is_not_understood_is_left_to_the_tool) {
  EXPECT_FALSE(refused({"true"}));  // control
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({"--"}));
  EXPECT_TRUE(refused({"--require"}));
  EXPECT_TRUE(refused({"--help"}));
  EXPECT_TRUE(refused({"-h"}));
  EXPECT_TRUE(refused({"-", "true"}));
  EXPECT_TRUE(refused({"--colour", "true"}));
  EXPECT_TRUE(refused({"--engine=magic", "true"}));
  EXPECT_TRUE(refused({"--engine=", "true"}));
  EXPECT_TRUE(refused({"--engine"}));
  EXPECT_TRUE(refused({"--require=yes", "true"}));
  EXPECT_TRUE(refused({"--only=a;b", "true"}));
  EXPECT_TRUE(refused({"--report=", "true"}));
  EXPECT_TRUE(refused({"--how=force", "true"}));
}

}  // namespace
}  // namespace memseal::launch
