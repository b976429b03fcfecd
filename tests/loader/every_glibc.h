// SPDX-License-Identifier: Apache-2.0
// Tests that run once for each glibc at hand.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "loader/run_program.h"
#include "sys/memory.h"

namespace memseal::test {

/// A kernel without mseal(2), or a glibc that could not be fetched, skips.
class EveryGlibc : public testing::TestWithParam<std::string> {
protected:
  void SetUp() override {
    glibc = {GetParam()};
    if (!sys::has_mseal())
      GTEST_SKIP() << "this kernel has no mseal(2)";
    if (!glibc.available())
      GTEST_SKIP() << "glibc " << GetParam() << " was not fetched";
  }
  Glibc glibc;
};

}  // namespace memseal::test

/// What program clock prints where it can replace [vvar], and where it cannot.
inline constexpr const char *lying_clock =
    "unmap=0 move=0 replace=0 clock=1000000\n";
inline constexpr const char *true_clock = "unmap=1 move=1 replace=1 clock=0\n";

/// Runs the tests of one suite with each of them.
#define MEMSEAL_WITH_EVERY_GLIBC(suite)                     \
  INSTANTIATE_TEST_SUITE_P(                                 \
      With, suite, testing::Values("host", "2.31", "2.41"), \
      [](const testing::TestParamInfo<std::string> &with) { \
        std::string name = "glibc_" + with.param;           \
        for (char &c : name)                                \
          c = c == '.' ? '_' : c;                           \
        return name;                                        \
      })
