// SPDX-License-Identifier: Apache-2.0
// The engines as a test parameter: every rule is tried on each that is there.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace memseal::test {

enum class Engine : std::uint8_t { native, filter, strict };
std::string name(Engine engine);

/// Levels of the base filter (S-49).
enum class Level : std::uint8_t { compatible, closed };

inline constexpr unsigned every_type = 0x3f;

/// MEMSEAL_NATIVE and so on.
unsigned flag_of(Engine engine);

/// memseal() by a given engine: 0 or the errno.
int seal_by(Engine engine, void *at, std::size_t size,
            unsigned types = every_type, unsigned flags = 0);

/// Brings the base filter to a level; nothing for native. 0 or the errno.
int harden(Engine engine, Level level);

/// Whether mseal(2) keeps what this engine seals whole. Strict has it only
/// where the kernel has it (S-65); without it, strict is the filter alone.
bool kernel_seals(Engine engine);

/// Why `engine` cannot be tried here; empty if it can.
std::string missing(Engine engine);

/// Whether denials come from a filter: atomic, by type.
inline bool has_filter(Engine engine) {
  return engine != Engine::native;
}

/// Base of the parameterised tests: skips, visibly, where there is no engine.
class EveryEngine : public testing::TestWithParam<Engine> {
protected:
  void SetUp() override {
    if (std::string why = missing(GetParam()); !why.empty())
      GTEST_SKIP() << why;
  }
  static bool filtered() { return has_filter(GetParam()); }
};

inline std::string engine_name(const testing::TestParamInfo<Engine> &info) {
  return name(info.param);
}

}  // namespace memseal::test

#define MEMSEAL_TEST_ENGINES(suite, ...)                            \
  class suite : public ::memseal::test::EveryEngine {};             \
  INSTANTIATE_TEST_SUITE_P(, suite, ::testing::Values(__VA_ARGS__), \
                           ::memseal::test::engine_name)

/// class SUITE : EveryEngine, instantiated for all three.
#define MEMSEAL_EVERY_ENGINE(suite)                            \
  MEMSEAL_TEST_ENGINES(suite, ::memseal::test::Engine::native, \
                       ::memseal::test::Engine::filter,        \
                       ::memseal::test::Engine::strict)

/// For rules that only a filter has: types of their own, levels, downgrading.
#define MEMSEAL_FILTERING_ENGINES(suite)                       \
  MEMSEAL_TEST_ENGINES(suite, ::memseal::test::Engine::filter, \
                       ::memseal::test::Engine::strict)

/// For what mseal(2) alone does otherwise.
#define MEMSEAL_NATIVE_ENGINE(suite) \
  MEMSEAL_TEST_ENGINES(suite, ::memseal::test::Engine::native)
