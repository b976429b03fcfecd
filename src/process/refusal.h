// SPDX-License-Identifier: Apache-2.0
// Why the tracer did not do what it was asked to, as a sentence for a user.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace memseal::process {

/// No full stop, no "memseal:" in front.
struct Refusal {
  std::string sentence;
};

template <typename T>
using Attempt = std::expected<T, Refusal>;

inline std::unexpected<Refusal> refuse(std::string sentence) {
  return std::unexpected(Refusal{std::move(sentence)});
}

}  // namespace memseal::process
