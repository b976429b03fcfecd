// SPDX-License-Identifier: Apache-2.0
#include "launch/obstacle.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace memseal::launch {
namespace {

constexpr int obstacles = static_cast<int>(Obstacle::no_exit_check) + 1;

TEST(Obstacle, each_has_a_sentence_of_its_own) {
  std::set<std::string> sentences;
  for (int i = 0; i < obstacles; ++i) {
    std::string text = sentence(static_cast<Obstacle>(i));
    EXPECT_NE(text, "cannot be started");
    EXPECT_FALSE(text.ends_with('.')) << text;
    EXPECT_TRUE(sentences.insert(text).second) << text;
  }
}

TEST(Obstacle, each_has_a_name_of_its_own) {
  std::set<std::string> names;
  for (int i = 0; i < obstacles; ++i) {
    std::string word = name(static_cast<Obstacle>(i));
    EXPECT_NE(word, "unknown");
    EXPECT_TRUE(names.insert(word).second) << word;
  }
}

// env(1): 127 what is not there, 126 what cannot be executed, 125 our own.
TEST(Obstacle, exit_codes_are_those_of_env) {
  const std::set<Obstacle> absent = {Obstacle::not_found,
                                     Obstacle::interpreter_missing};
  const std::set<Obstacle> not_executable = {
      Obstacle::not_executable, Obstacle::not_a_program, Obstacle::damaged,
      Obstacle::other_machine, Obstacle::endless_script};
  for (int i = 0; i < obstacles; ++i) {
    Obstacle obstacle = static_cast<Obstacle>(i);
    int code = absent.contains(obstacle)           ? 127
               : not_executable.contains(obstacle) ? 126
                                                   : 125;
    EXPECT_EQ(exit_code(obstacle), code) << sentence(obstacle);
  }
}

}  // namespace
}  // namespace memseal::launch
