// SPDX-License-Identifier: Apache-2.0
// A seal is for ever, so every test that seals does it in a process of its own.
#pragma once

#include <functional>

namespace memseal::test {

/// Runs `body` in a forked child and returns what it returned: by custom the
/// number of the first step that failed, 0 for none (so at most 99). A child
/// that a signal ended counts as 1000 + signal; one that ran over
/// `seconds` is killed and counts as 2000.
int in_child(const std::function<int()> &body, int seconds = 60);

}  // namespace memseal::test
