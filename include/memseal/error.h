// SPDX-License-Identifier: Apache-2.0
// Refusals as values: what can go wrong, and what to do with it.
#pragma once

#include <cstdint>
#include <expected>
#include <utility>

namespace memseal {

/// Why something was refused. Each value says what the caller can conclude;
/// the errno that the C interface reports is in `Error::to_errno`.
enum class Errc : std::uint16_t {
  invalid,      ///< EINVAL: an argument that no state of the system would allow
  misaligned,   ///< EINVAL: an address or size that is not whole pages
  empty,        ///< EINVAL: a range without a page
  overflow,     ///< EINVAL: a range that wraps or reaches 2^64
  hole,         ///< ENOMEM: part of the range is not mapped
  closed,       ///< EACCES: a MEMSEAL_SEAL range would gain a type
  denied,       ///< EPERM: a seal forbids it
  unsupported,  ///< EOPNOTSUPP: no engine here can enforce it
  budget,       ///< E2BIG: the kernel takes no more filter instructions
  capacity,     ///< ENOMEM: a fixed table is full
  unsynchronised,  ///< EBUSY: a thread could not be brought under the seal
  malformed,       ///< EBADMSG: bytes that are not what they claim to be
  system,          ///< `sys_errno`: the kernel refused; the number is its own
};

/// A refusal. Eight bytes, no heap, so that it can be made before main, in a
/// signal handler and under a filter.
struct Error {
  Errc code;
  std::int32_t sys_errno = 0;  ///< the kernel's errno, if it was asked

  int to_errno() const;          ///< never 0
  const char *sentence() const;  ///< static storage; no full stop
  friend bool operator==(const Error &, const Error &) = default;
};

/// A value, or why there is none.
template <typename T>
using Result = std::expected<T, Error>;

/// The refusal to return from a function that gives a Result.
inline std::unexpected<Error> fail(Errc code, int sys_errno = 0) {
  return std::unexpected<Error>(Error{code, sys_errno});
}

}  // namespace memseal

/// Yields the value of a Result, or returns its error from this function.
#define MEMSEAL_TRY(expression)                        \
  __extension__({                                      \
    auto memseal_result_ = (expression);               \
    if (!memseal_result_) [[unlikely]]                 \
      return std::unexpected(memseal_result_.error()); \
    std::move(*memseal_result_);                       \
  })

/// The same for Result<void>.
#define MEMSEAL_TRY_VOID(expression)                                        \
  do {                                                                      \
    if (auto memseal_result_ = (expression); !memseal_result_) [[unlikely]] \
      return std::unexpected(memseal_result_.error());                      \
  } while (false)
