// SPDX-License-Identifier: Apache-2.0
// The second of our two result types. Result<T> (memseal/error.h) says what the
// kernel or an argument made impossible, in eight bytes and an errno. Refusable
// says why something is not done, by a reason that has a name for programs and
// a sentence for people: a flaw of an ELF file, an obstacle to a run, a refusal
// of a tracer.
#pragma once

#include <concepts>
#include <expected>
#include <string_view>
#include <utility>

namespace memseal {

/// `name`: one word in lower case, for JSON. `sentence`: no full stop, and no
/// "memseal:" in front.
template <typename R>
concept Reason = requires(const R &reason) {
  { name(reason) } -> std::convertible_to<std::string_view>;
  { sentence(reason) } -> std::convertible_to<std::string_view>;
};

/// A value, or the reason why there is none. MEMSEAL_TRY works with it, too.
template <typename T, Reason R>
using Refusable = std::expected<T, R>;

/// What to return from a function that gives a Refusable.
template <Reason R>
std::unexpected<R> refuse(R reason) {
  return std::unexpected<R>(std::move(reason));
}

}  // namespace memseal
