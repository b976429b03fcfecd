// SPDX-License-Identifier: Apache-2.0
// What stands in for std::expected where the standard library has none: before
// C++23, and beside compilers that cannot read it. The same names, the same
// meaning; use memseal/error.h, which chooses.
#pragma once

#include <new>
#include <optional>
#include <utility>
#include <variant>

#include "memseal/error.h"

#if !defined(__cpp_lib_expected)

MEMSEAL_NAMESPACE_BEGIN

/// An Error on its way into a Result: std::unexpected<Error>.
class Refusal {
public:
  constexpr explicit Refusal(Error error) : error_(error) {}
  /// What it carries.
  constexpr const Error &error() const { return error_; }

private:
  Error error_;
};

/// A value, or why there is none: std::expected<T, Error>.
///
/// Needs:   has_value() where the value is used, else the program is stopped;
///          not has_value() where the error is.
template <typename T>
class [[nodiscard]] Result {
public:
  using value_type = T;
  using error_type = Error;

  constexpr Result(T value)
      : holds_(std::in_place_index<0>, std::move(value)) {}
  constexpr Result(Refusal refusal)
      : holds_(std::in_place_index<1>, refusal.error()) {}

  constexpr bool has_value() const { return holds_.index() == 0; }
  constexpr explicit operator bool() const { return has_value(); }
  constexpr T &operator*() & { return *there(std::get_if<0>(&holds_)); }
  constexpr const T &operator*() const & {
    return *there(std::get_if<0>(&holds_));
  }
  constexpr T &&operator*() && {
    return std::move(*there(std::get_if<0>(&holds_)));
  }
  constexpr T *operator->() { return there(std::get_if<0>(&holds_)); }
  constexpr const T *operator->() const {
    return there(std::get_if<0>(&holds_));
  }
  /// As `*`; std::expected throws where this stops the program.
  constexpr const T &value() const { return **this; }
  /// The value, or another one where there is none.
  template <typename U>
  constexpr T value_or(U &&other) const {
    return has_value() ? **this : static_cast<T>(std::forward<U>(other));
  }
  /// Why there is no value.
  constexpr const Error &error() const {
    return *there(std::get_if<1>(&holds_));
  }

private:
  template <typename P>
  static constexpr P there(P pointer) {
    if (pointer == nullptr)
      __builtin_trap();
    return pointer;
  }
  std::variant<T, Error> holds_;
};

/// Nothing, or why not: std::expected<void, Error>.
template <>
class [[nodiscard]] Result<void> {
public:
  using value_type = void;
  using error_type = Error;

  constexpr Result() = default;
  constexpr Result(Refusal refusal) : error_(refusal.error()) {}

  constexpr bool has_value() const { return !error_.has_value(); }
  constexpr explicit operator bool() const { return has_value(); }
  /// Why not.
  constexpr const Error &error() const {
    if (!error_)
      __builtin_trap();
    return *error_;
  }

private:
  std::optional<Error> error_;
};

/// The refusal to return from a function that gives a Result.
inline Refusal fail(Error error) {
  return Refusal(error);
}
/// The same by its parts.
inline Refusal fail(Errc code, int sys_errno = 0) {
  return Refusal(Error{code, sys_errno});
}

MEMSEAL_NAMESPACE_END

#endif
