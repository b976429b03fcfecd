// SPDX-License-Identifier: Apache-2.0
// Checks for code that runs in a forked child, where GoogleTest's own would be
// lost. The first that fails is written into memory shared with the test, and
// ends the child at once, from whatever function or thread it stands in.
// Context: after-filter. No heap and no system call before the last one, _exit.
#pragma once

#include <cerrno>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/text_writer.h"

namespace memseal::test {

/// Where a check stands and what it reads.
struct CheckSite {
  const char *file;
  int line;
  const char *actual;    ///< the source of what is checked
  const char *relation;  ///< "", "less than " ...
  const char *expected;  ///< the source of what it should be
};

/// Tells the test how far the child came, should it die or hang. errno is kept.
void child_reaches(const char *file, int line);

/// Notes the failed check, if it is the child's first, and ends the child.
[[noreturn]] void child_fails(const char *file, int line,
                              std::string_view text);

/// Notes why the test is skipped here, and ends the child.
[[noreturn]] void child_skips(std::string_view why);

/// EPERM for 1; empty for what is no errno.
std::string_view errno_name(long long number);

template <typename T>
void write_value(TextWriter &out, const T &value) {
  if constexpr (std::is_volatile_v<T>) {
    write_value(out, std::remove_cv_t<T>(value));
  } else if constexpr (std::is_same_v<T, bool>) {
    out.text(value ? "true" : "false");
  } else if constexpr (std::is_enum_v<T>) {
    write_value(out, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_same_v<T, char>) {
    char quoted[] = {'\'', value, '\''};
    if (value >= ' ' && value <= '~')
      out.text(std::string_view(quoted, sizeof quoted));
    else
      out.decimal(static_cast<unsigned char>(value));
  } else if constexpr (std::is_integral_v<T>) {
    if (std::cmp_less(value, 0))
      out.text("-").decimal(-static_cast<std::uint64_t>(value));
    else
      out.decimal(static_cast<std::uint64_t>(value));
  } else if constexpr (std::is_convertible_v<T, std::string_view>) {
    out.json(value);
  } else if constexpr (std::is_pointer_v<T>) {
    out.hex(reinterpret_cast<std::uintptr_t>(value));
  } else {
    out.text("a value of ").decimal(sizeof value).text(" bytes");
  }
}

/// Whether the source of an expected value is the name of an errno.
constexpr bool names_errno(std::string_view source) {
  return source.size() > 2 && source[0] == 'E' && source[1] >= 'A' &&
         source[1] <= 'Z';
}

/// The errno behind a value: the value itself where an errno is expected, errno
/// after a call that returned -1.
template <typename T>
std::string_view error_behind(const CheckSite &site, const T &value,
                              int error) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    if (names_errno(site.expected))
      return errno_name(static_cast<long long>(value));
    if (std::cmp_equal(+value, -1))
      return errno_name(error);
  }
  return "";
}

/// ACTUAL: expected [RELATION] EXPECTED, got VALUE
template <typename A, typename E>
[[noreturn]] void child_fails_with(const CheckSite &site, const A &actual,
                                   const E &expected, int error) {
  char buffer[1024], value[256];
  TextWriter out(buffer), shown{std::span<char>(value)};
  out.text(site.actual).text(": expected ").text(site.relation);
  out.text(site.expected);
  write_value(shown, expected);
  if (shown.view() != site.expected && !names_errno(site.expected))
    out.text(" (").text(shown.view()).text(")");
  write_value(out.text(", got "), actual);
  if (std::string_view name = error_behind(site, actual, error); !name.empty())
    out.text(" (").text(name).text(")");
  child_fails(site.file, site.line, out.view());
}

template <typename A, typename E>
bool child_equal(const A &actual, const E &expected) {
  constexpr bool numbers = std::is_integral_v<A> && std::is_integral_v<E>;
  if constexpr (numbers)
    return std::cmp_equal(+actual, +expected);
  else
    return actual == expected;
}

template <typename A, typename E>
void child_assert_eq(const CheckSite &site, const A &actual,
                     const E &expected) {
  int error = errno;
  if (!child_equal(actual, expected))
    child_fails_with(site, actual, expected, error);
}

template <typename A, typename E>
void child_assert_ne(const CheckSite &site, const A &actual,
                     const E &expected) {
  int error = errno;
  if (child_equal(actual, expected))
    child_fails_with(site, actual, expected, error);
}

template <typename A, typename E>
void child_assert_lt(const CheckSite &site, const A &actual,
                     const E &expected) {
  int error = errno;
  if (!std::cmp_less(actual, expected))
    child_fails_with(site, actual, expected, error);
}

template <typename A, typename E>
void child_assert_le(const CheckSite &site, const A &actual,
                     const E &expected) {
  int error = errno;
  if (!std::cmp_less_equal(actual, expected))
    child_fails_with(site, actual, expected, error);
}

template <typename A, typename E>
void child_assert_gt(const CheckSite &site, const A &actual,
                     const E &expected) {
  int error = errno;
  if (!std::cmp_greater(actual, expected))
    child_fails_with(site, actual, expected, error);
}

template <typename A, typename E>
void child_assert_ge(const CheckSite &site, const A &actual,
                     const E &expected) {
  int error = errno;
  if (!std::cmp_greater_equal(actual, expected))
    child_fails_with(site, actual, expected, error);
}

/// A call returned -1, or MAP_FAILED, and errno is `error`.
template <typename A>
void child_assert_error(const CheckSite &site, const A &outcome, int error) {
  int got = errno;
  bool failed;
  if constexpr (std::is_pointer_v<A>)
    failed = reinterpret_cast<std::intptr_t>(outcome) == -1;
  else
    failed = outcome == -1;
  if (!failed)
    child_fails_with(site, outcome, error, got);
  if (got != error)
    child_fails_with(site, got, error, got);
}

}  // namespace memseal::test

#define MEMSEAL_CHILD_CHECK(check, source, relation, expected_source, actual, \
                            expected)                                         \
  (::memseal::test::child_reaches(__FILE__, __LINE__),                        \
   ::memseal::test::check(                                                    \
       ::memseal::test::CheckSite{__FILE__, __LINE__, source, relation,       \
                                  expected_source},                           \
       (actual), (expected)))

// As GoogleTest's ASSERT_EQ and its kind: what follows a failure is not run.
#define CHILD_ASSERT_EQ(actual, expected)                                \
  MEMSEAL_CHILD_CHECK(child_assert_eq, #actual, "", #expected, (actual), \
                      (expected))
#define CHILD_ASSERT_NE(actual, expected)                                   \
  MEMSEAL_CHILD_CHECK(child_assert_ne, #actual, "anything but ", #expected, \
                      (actual), (expected))
#define CHILD_ASSERT_LT(actual, expected)                                \
  MEMSEAL_CHILD_CHECK(child_assert_lt, #actual, "less than ", #expected, \
                      (actual), (expected))
#define CHILD_ASSERT_LE(actual, expected)                              \
  MEMSEAL_CHILD_CHECK(child_assert_le, #actual, "at most ", #expected, \
                      (actual), (expected))
#define CHILD_ASSERT_GT(actual, expected)                                \
  MEMSEAL_CHILD_CHECK(child_assert_gt, #actual, "more than ", #expected, \
                      (actual), (expected))
#define CHILD_ASSERT_GE(actual, expected)                               \
  MEMSEAL_CHILD_CHECK(child_assert_ge, #actual, "at least ", #expected, \
                      (actual), (expected))
#define CHILD_ASSERT_TRUE(condition)                           \
  MEMSEAL_CHILD_CHECK(child_assert_eq, #condition, "", "true", \
                      static_cast<bool>(condition), true)
#define CHILD_ASSERT_FALSE(condition)                           \
  MEMSEAL_CHILD_CHECK(child_assert_eq, #condition, "", "false", \
                      static_cast<bool>(condition), false)

/// A system call, or a function like one, fails with exactly this errno.
#define CHILD_ASSERT_ERROR(call, error) \
  MEMSEAL_CHILD_CHECK(child_assert_error, #call, "", #error, (call), (error))

/// What must not be reached.
#define CHILD_FAIL(text) ::memseal::test::child_fails(__FILE__, __LINE__, text)

/// The kernel or the machine lacks what the test needs.
#define CHILD_SKIP(why) ::memseal::test::child_skips(why)
