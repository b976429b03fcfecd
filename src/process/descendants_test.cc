// SPDX-License-Identifier: Apache-2.0
#include "process/descendants.h"

#include <gtest/gtest.h>

#include <utility>

namespace memseal::process {
namespace {

using Rows = std::vector<std::pair<pid_t, int>>;

Rows rows(const std::map<pid_t, pid_t> &parents, pid_t root) {
  Rows all;
  for (Descendant found : descendants(parents, root))
    all.emplace_back(found.pid, found.depth);
  return all;
}

TEST(Descendants, come_behind_their_parents_one_deeper) {
  std::map<pid_t, pid_t> parents{{1, 0},   {10, 1}, {11, 10}, {12, 10},
                                 {13, 11}, {14, 1}, {9, 12}};
  EXPECT_EQ(rows(parents, 10),
            (Rows{{10, 0}, {11, 1}, {13, 2}, {12, 1}, {9, 2}}));
  EXPECT_EQ(rows(parents, 14), (Rows{{14, 0}}));
  EXPECT_EQ(rows(parents, 1).size(), 7u);
}

TEST(Descendants, of_nobody_are_nobody_else) {
  EXPECT_EQ(rows({}, 5), (Rows{{5, 0}}));
  EXPECT_EQ(rows({{6, 0}}, 5), (Rows{{5, 0}}));
}

// A number that was used again can close a ring.
TEST(Descendants, end_where_parents_go_round) {
  EXPECT_EQ(rows({{5, 7}, {6, 5}, {7, 6}}, 5), (Rows{{5, 0}, {6, 1}, {7, 2}}));
  EXPECT_EQ(rows({{5, 5}}, 5), (Rows{{5, 0}}));
}

}  // namespace
}  // namespace memseal::process
