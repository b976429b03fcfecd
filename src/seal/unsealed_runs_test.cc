// SPDX-License-Identifier: Apache-2.0
#include "seal/unsealed_runs.h"

#include <gtest/gtest.h>

namespace memseal {
namespace {

TEST(UnsealedRuns, kernels_with_the_bug_are_known_by_their_release) {
  for (auto release : {"6.17.0", "6.17.13+deb14-amd64", "6.18.0", "6.18.20-fc",
                       "6.19.3", "7.0.0-rc5", "7.0-rc1"})
    EXPECT_TRUE(may_seal_another_range(release)) << release;
  for (auto release : {"6.10.0", "6.16.12-amd64", "6.18.21", "6.18.44-fc-v669",
                       "7.0.0", "7.0.2-1", "7.1.0-rc1", "8.17.0", "", "six"})
    EXPECT_FALSE(may_seal_another_range(release)) << release;
}

}  // namespace
}  // namespace memseal
