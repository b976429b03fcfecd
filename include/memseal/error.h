// SPDX-License-Identifier: Apache-2.0
// Refusals as values: what can go wrong, and what to do with it. The one error
// style of all C++ headers, from C++17 on.
//
// Result<T> is std::expected<T, Error> where the standard library has it, and
// else a class with its basic operations (memseal/result.h). An Error converts
// to a std::error_code:
//
//     if (auto sealed = arena.seal(); !sealed)
//       throw std::system_error(sealed.error(), sealed.error().sentence());
#pragma once

#if defined(_MSVC_LANG) || __cplusplus < 201703L
#error "memseal's C++ headers need C++17 or newer: compile with -std=c++17"
#error "or include memseal/memseal.h, which needs C99 or C++11 only"
#endif

#include <cerrno>
#include <cstdint>
#include <utility>

#if __cplusplus > 202002L && __has_include(<expected>)
#include <expected>
#endif
#if !defined(MEMSEAL_BUILDING)
#include <system_error>
#endif

// What is inline in these headers and returns a Result is not the same function
// where Result is another class: it has another name, so that units of both
// standards can be linked into one program. The library's own code, which
// defines MEMSEAL_BUILDING, has names of its own too.
#if defined(MEMSEAL_BUILDING)
#define MEMSEAL_NAMESPACE_BEGIN namespace memseal {
#define MEMSEAL_NAMESPACE_END }
#elif defined(__cpp_lib_expected)
#define MEMSEAL_NAMESPACE_BEGIN \
  namespace memseal {           \
  inline namespace cxx23 {
#define MEMSEAL_NAMESPACE_END \
  }                           \
  }
#else
#define MEMSEAL_NAMESPACE_BEGIN \
  namespace memseal {           \
  inline namespace cxx17 {
#define MEMSEAL_NAMESPACE_END \
  }                           \
  }
#endif

MEMSEAL_NAMESPACE_BEGIN

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
  no_variables,    ///< ENODATA: no MEMSEAL_RO_AFTER_INIT variable in the module
  misplaced,       ///< EADDRINUSE: such variables share a page with other data
  not_sealed,      ///< EAGAIN: a secret that is not sealed yet
  wiped,           ///< ESTALE: a secret that is wiped, or is a parent's
};

/// A refusal. Eight bytes, no heap, so that it can be made before main, in a
/// signal handler and under a filter.
struct Error {
  Errc code;
  std::int32_t sys_errno = 0;  ///< the kernel's errno, if it was asked

  /// The errno that the C interface reports. Never 0.
  int to_errno() const;
  /// What is wrong. Static storage; no full stop.
  const char *sentence() const;
  /// What helps a program that meets it: the same, an imperative.
  const char *cure() const;
  /// The refusal behind the errno of a C function.
  static Error from_errno(int error);

#if !defined(MEMSEAL_BUILDING)
  /// `to_errno` in std::generic_category().
  operator std::error_code() const {
    return {to_errno(), std::generic_category()};
  }
#endif

  friend bool operator==(const Error &a, const Error &b) {
    return a.code == b.code && a.sys_errno == b.sys_errno;
  }
  friend bool operator!=(const Error &a, const Error &b) {
    return !(a == b);
  }
};

inline int Error::to_errno() const {
  switch (code) {
    case Errc::invalid:
    case Errc::misaligned:
    case Errc::empty:
    case Errc::overflow:
      return EINVAL;
    case Errc::hole:
    case Errc::capacity:
      return ENOMEM;
    case Errc::closed:
      return EACCES;
    case Errc::denied:
      return EPERM;
    case Errc::unsupported:
      return EOPNOTSUPP;
    case Errc::budget:
      return E2BIG;
    case Errc::unsynchronised:
      return EBUSY;
    case Errc::malformed:
      return EBADMSG;
    case Errc::system:
      return sys_errno != 0 ? sys_errno : EIO;
    case Errc::no_variables:
      return ENODATA;
    case Errc::misplaced:
      return EADDRINUSE;
    case Errc::not_sealed:
      return EAGAIN;
    case Errc::wiped:
      return ESTALE;
  }
  return EIO;
}

inline const char *Error::sentence() const {
  switch (code) {
    case Errc::invalid:
      return "an argument is not valid";
    case Errc::misaligned:
      return "an address or size is not a whole number of pages";
    case Errc::empty:
      return "the range holds no page";
    case Errc::overflow:
      return "the range reaches past the end of the address space";
    case Errc::hole:
      return "part of the range is not mapped";
    case Errc::closed:
      return "the range takes no further seal types";
    case Errc::denied:
      return "a seal forbids it";
    case Errc::unsupported:
      return "no engine on this system can enforce it";
    case Errc::budget:
      return "the kernel takes no more filter instructions";
    case Errc::capacity:
      return "a fixed table is full";
    case Errc::unsynchronised:
      return "a thread could not be brought under the seal";
    case Errc::malformed:
      return "the bytes are not what they claim to be";
    case Errc::system:
      return "the kernel refused";
    case Errc::no_variables:
      return "no MEMSEAL_RO_AFTER_INIT variable is in this program or library";
    case Errc::misplaced:
      return "a MEMSEAL_RO_AFTER_INIT variable shares a page with other data";
    case Errc::not_sealed:
      return "the secret is not sealed yet";
    case Errc::wiped:
      return "the secret is wiped, or belongs to the parent process";
  }
  return "an unknown error";
}

inline const char *Error::cure() const {
  switch (code) {
    case Errc::invalid:
      return "use the types, flags and engines of memseal/memseal.h";
    case Errc::misaligned:
      return "round it to a multiple of sysconf(_SC_PAGESIZE)";
    case Errc::empty:
      return "ask for at least one byte";
    case Errc::overflow:
      return "shorten the range";
    case Errc::hole:
      return "map it first, or seal only what is mapped";
    case Errc::closed:
      return "seal all types in one call, MEMSEAL_SEAL last";
    case Errc::denied:
      return "build another: a seal holds to the end of the process";
    case Errc::unsupported:
      return "ask for MEMSEAL_ALL, or leave the engine to memseal; `memseal "
             "doctor` tells what this system can do";
    case Errc::budget:
      return "seal many ranges in one call, or use an arena";
    case Errc::capacity:
      return "ask for a larger reservation, or use fewer arenas";
    case Errc::unsynchronised:
      return "seal before other threads install filters or block signal 33";
    case Errc::malformed:
      return "look at what made the bytes";
    case Errc::system:
      return "look the errno up in the manual page of the call";
    case Errc::no_variables:
      return "call it in the module that declares them; members of templates "
             "and inline variables are memseal::ro_after_init_page";
    case Errc::misplaced:
      return "declare inline variables and members of templates as "
             "memseal::ro_after_init_page";
    case Errc::not_sealed:
      return "call seal first";
    case Errc::wiped:
      return "make a new secret, or read it before fork";
  }
  return "update the library";
}

inline Error Error::from_errno(int error) {
  switch (error) {
    case EINVAL:
      return {Errc::invalid, 0};
    case EACCES:
      return {Errc::closed, 0};
    case EPERM:
      return {Errc::denied, 0};
    case EOPNOTSUPP:
      return {Errc::unsupported, 0};
    case E2BIG:
      return {Errc::budget, 0};
    case EBUSY:
      return {Errc::unsynchronised, 0};
    case ENODATA:
      return {Errc::no_variables, 0};
    case EADDRINUSE:
      return {Errc::misplaced, 0};
    case ESTALE:
      return {Errc::wiped, 0};
    default:
      return {Errc::system, error};
  }
}

MEMSEAL_NAMESPACE_END

#if defined(__cpp_lib_expected)

MEMSEAL_NAMESPACE_BEGIN

/// A value, or why there is none.
template <typename T>
using Result = std::expected<T, Error>;

/// The refusal to return from a function that gives a Result.
inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(error);
}
/// The same, of a code and the errno behind it (0: the kernel was not asked).
inline std::unexpected<Error> fail(Errc code, int sys_errno = 0) {
  return std::unexpected<Error>(Error{code, sys_errno});
}

MEMSEAL_NAMESPACE_END

#elif defined(MEMSEAL_BUILDING)
#error "memseal itself needs std::expected: build it with GCC 12 or newer"
#else
#include "memseal/result.h"
#endif

#if defined(__cpp_lib_expected)
#define MEMSEAL_FAIL_(error) std::unexpected(error)
#else
#define MEMSEAL_FAIL_(error) ::memseal::fail(error)
#endif

/// Yields the value of a Result, or returns its error from this function.
#define MEMSEAL_TRY(expression)                      \
  __extension__({                                    \
    auto memseal_result_ = (expression);             \
    if (__builtin_expect(!memseal_result_, 0))       \
      return MEMSEAL_FAIL_(memseal_result_.error()); \
    std::move(*memseal_result_);                     \
  })

/// The same for Result<void>.
#define MEMSEAL_TRY_VOID(expression)                 \
  do {                                               \
    auto memseal_result_ = (expression);             \
    if (__builtin_expect(!memseal_result_, 0))       \
      return MEMSEAL_FAIL_(memseal_result_.error()); \
  } while (false)
