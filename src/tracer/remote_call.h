// SPDX-License-Identifier: Apache-2.0
// A system call to be made in another process, and whoever can make it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "memseal/error.h"

namespace memseal::tracer {

/// Needs: number not 0 (read, on x86-64).
struct RemoteCall {
  long number;
  std::array<std::uint64_t, 6> arguments{};
};

/// Makes one call and returns the kernel's answer, a value or -errno. There are
/// two: RemoteCalls, for a process that may die with its tracer, and
/// call_through (tracer/remote_call_sequence.h), for one that may not.
using MakeCall = std::function<Result<long>(const RemoteCall &)>;

/// The same, with the kernel's refusals as errors.
Result<std::uint64_t> checked_call(const MakeCall &make,
                                   const RemoteCall &call);

}  // namespace memseal::tracer
