// SPDX-License-Identifier: Apache-2.0
// A seal is for ever, so every test that seals does it in a process of its own.
#pragma once

#include <concepts>
#include <functional>
#include <source_location>
#include <type_traits>

#include "support/child_check.h"

namespace memseal::test {

/// Runs `body` in a forked child. The test fails if a check of the child
/// (CHILD_ASSERT_EQ and its kind) fails, which is told with both values, its
/// file and its line; also if a signal ends the child, if it runs over
/// `seconds`, and if it exits with anything but 0. Inside of a child such an
/// end fails that child, too. After CHILD_SKIP the test counts as skipped; it
/// goes on behind this call.
void in_child(const std::function<void()> &body, int seconds = 60,
              std::source_location where = std::source_location::current());

/// The same for a body whose outcome is what the test asks about.
int outcome_in_child(const std::function<int()> &body, int seconds);

/// Returns what `body` returned, at most 98. A child that a signal ended counts
/// as 1000 + signal; one that ran over `seconds` is killed and counts as 2000.
/// A check of the child that fails fails the test as above and counts as 99.
template <typename Body>
requires std::convertible_to < std::invoke_result_t<Body &>,
int > [[nodiscard]] int in_child(Body &&body, int seconds = 60) {
  return outcome_in_child([&body]() -> int { return body(); }, seconds);
}

}  // namespace memseal::test
