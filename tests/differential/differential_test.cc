// SPDX-License-Identifier: Apache-2.0
// Random programs of memory calls, run by the model, by the engines and by the
// kernel: they must agree on every result, errno, mapping and word.
//
// Two readings of docs/semantics.md that share no line of code, and the kernel
// as the third: what one of them got wrong shows as a difference, and
// RapidCheck cuts the program down to the steps that matter. A failure prints
// the command that runs the same programs again.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sys/utsname.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "differential/agreement.h"
#include "differential/generator.h"
#include "support/engines.h"

namespace memseal::differential {
namespace {

using Make = std::function<std::unique_ptr<Enforcer>()>;

/// MEMSEAL_SEQUENCES, or what an everyday run affords.
int sequences(int everyday) {
  const char *wanted = std::getenv("MEMSEAL_SEQUENCES");
  return wanted != nullptr ? std::atoi(wanted) : everyday;
}

void check_agreement(Flavour flavour, const Make &make, int everyday) {
  const auto *test = testing::UnitTest::GetInstance()->current_test_info();
  rc::detail::TestMetadata metadata;
  metadata.id = metadata.description =
      std::string(test->test_suite_name()) + "." + test->name();
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess = sequences(everyday);
  auto begin = std::chrono::steady_clock::now();
  long ran = 0;
  auto property = [&] {
    Program program = *programs(flavour);
    ++ran;
    std::string difference = first_difference(program, make);
    if (!difference.empty())
      RC_FAIL(difference);
  };
  auto result = rc::detail::checkTestable(property, metadata, params);
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::cout << ran << " programs, "
            << static_cast<long>(static_cast<double>(ran) / took.count())
            << " a second, seed " << params.seed << "\n";
  const Tally &t = tally();
  std::cout << "so far " << t.calls << " calls (" << t.succeeded
            << " succeeded, " << t.denied << " denied, " << t.otherwise_refused
            << " refused otherwise), " << t.seals << " seals, "
            << t.seals_refused << " refused\n";
  if (result.is<rc::detail::SuccessResult>()) {
    // A run without denials would agree about nothing.
    EXPECT_GT(t.denied * 10, t.calls);
    EXPECT_GT(t.succeeded * 10, t.calls);
    return;
  }
  std::ostringstream message;
  rc::detail::printResultMessage(result, message);
  FAIL() << message.str() << "\nTo run the same programs again:\n  RC_PARAMS="
         << "\"seed=" << params.seed
         << "\" MEMSEAL_SEQUENCES=" << params.maxSuccess
         << " build/tests/test_differential"
         << " --gtest_filter=" << metadata.id << "\n";
}

/// The model has the answers of mremap(2) as rewritten in Linux 6.17, and the
/// advice known then. Older kernels fail in another order.
std::string too_old() {
  utsname system{};
  int major = 0, minor = 0;
  uname(&system);
  std::sscanf(system.release, "%d.%d", &major, &minor);
  if (major > 6 || (major == 6 && minor >= 17))
    return "";
  return std::string("the model is of Linux 6.17 and later; this is ") +
         system.release;
}

void check_engine(test::Engine engine, Flavour flavour, int everyday) {
  if (std::string why = too_old(); !why.empty())
    GTEST_SKIP() << why;
  if (std::string why = test::missing(engine); !why.empty())
    GTEST_SKIP() << why;
  check_agreement(
      flavour, [engine] { return real_engine(engine); }, everyday);
}

void check_filter(const Make &make, int everyday) {
  if (std::string why = too_old(); !why.empty())
    GTEST_SKIP() << why;
  check_agreement(Flavour::filter, make, everyday);
}

TEST(Differential, CompiledFiltersDoWhatTheModelSays) {
  check_filter([] { return filter_in_machine(Layout::program_a_seal); }, 1000);
}

TEST(Differential, OneFilterForAllSealsDoesWhatTheModelSays) {
  check_filter([] { return filter_in_machine(Layout::one_program); }, 1000);
}

TEST(Differential, AFilterInTwoPartsDoesWhatTheModelSays) {
  check_filter([] { return filter_in_machine(Layout::split_programs); }, 500);
}

TEST(Differential, TheFilterOfArm64DoesWhatTheModelSays) {
  check_filter(arm64_filter_in_machine, 500);
}

TEST(Differential, EngineNativeDoesWhatTheModelSays) {
  check_engine(test::Engine::native, Flavour::native, 1000);
}

TEST(Differential, EngineFilterDoesWhatTheModelSays) {
  check_engine(test::Engine::filter, Flavour::filter, 500);
}

TEST(Differential, EngineStrictDoesWhatTheModelSays) {
  check_engine(test::Engine::strict, Flavour::filter, 300);
}

}  // namespace
}  // namespace memseal::differential
