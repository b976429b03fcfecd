// SPDX-License-Identifier: Apache-2.0
// A tracer may skip a call by giving it the number -1, and say itself what it
// returns: ptrace(2), seccomp(2).
#pragma once

#include <functional>

namespace memseal::test {

inline constexpr long told_by_tracer = 77;

/// What a call returns that a tracer skips, made by a child after `prepare`.
/// -1 if that could not be tried: `prepare` returned something else than 0.
long result_of_skipped_call(const std::function<int()> &prepare);

}  // namespace memseal::test
