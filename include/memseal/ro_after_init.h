// SPDX-License-Identifier: Apache-2.0
// Globals that are written during start-up and never again, as the kernel's
// __ro_after_init: from C++17 on.
//
//     MEMSEAL_RO_AFTER_INIT int worker_count = 1;
//     MEMSEAL_RO_AFTER_INIT memseal::ro_after_init<Config> config;
//
//     int main(int argc, char **argv) {
//       worker_count = parse(argv);
//       config.edit().root = "/srv";
//       if (!memseal::seal_ro_after_init(worker_count, config)) return 1;
//       serve();          // reading costs nothing; writing is a SIGSEGV
//     }
//
// memseal/memseal_ro_after_init.h tells how it works.
//
// Inline variables, and static members and variables of templates, are defined
// by several units. GCC ignores the section of those of templates without a
// word, and nothing pads the others. They have a type that brings its own page:
//
//     template <typename T> struct Pool {
//       inline static memseal::ro_after_init_page<int> limit{8};
//     };
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

#include "memseal/error.h"
#include "memseal/memseal_ro_after_init.h"

extern "C" {
// Where this module begins and ends, as every linker knows it.
__attribute__((visibility("hidden"), weak)) extern char __ehdr_start[];
__attribute__((visibility("hidden"), weak)) extern char _end[];
}

// One list for all units of a module, whatever their standard.
namespace memseal::variables {

/// The pages of this module's ro_after_init_page variables, the last first.
struct VariablePage {
  VariablePage *next;
  std::size_t size;
};
[[gnu::visibility("hidden")]] inline VariablePage *variable_pages = nullptr;
/// Whether `edit` met a variable of this module that no seal will reach.
[[gnu::visibility("hidden")]] inline bool met_misplaced = false;

/// Whether the address lies in [begin, end).
[[gnu::visibility("hidden")]] inline bool is_between(const void *address,
                                                     const char *begin,
                                                     const char *end) {
  auto *at = static_cast<const char *>(address);
  return begin <= at && at < end;
}

/// Whether it lies among the variables that the macro placed.
[[gnu::visibility("hidden")]] inline bool is_in_section(const void *address) {
  return is_between(address, __start_memseal_ro_after_init,
                    __stop_memseal_ro_after_init);
}

/// Whether the next seal will reach the variable.
[[gnu::visibility("hidden")]] inline bool is_placed(const void *address) {
  if (is_in_section(address))
    return true;
  for (auto *page = variable_pages; page != nullptr; page = page->next)
    if (is_between(address, reinterpret_cast<char *>(page),
                   reinterpret_cast<char *>(page) + page->size))
      return true;
  return false;
}

/// This module's ranges: the section, and the pages. Null for want of memory;
/// free(3) ends it.
[[gnu::visibility("hidden")]] inline memseal_range *list_ranges(
    std::size_t &count) {
  count = 1;
  for (auto *page = variable_pages; page != nullptr; page = page->next)
    ++count;
  auto *ranges =
      static_cast<memseal_range *>(std::malloc(count * sizeof(memseal_range)));
  if (ranges == nullptr)
    return nullptr;
  ranges[0] = {__start_memseal_ro_after_init,
               static_cast<std::size_t>(__stop_memseal_ro_after_init -
                                        __start_memseal_ro_after_init),
               MEMSEAL_ALL, 0};
  std::size_t at = 1;
  for (auto *page = variable_pages; page != nullptr; page = page->next)
    ranges[at++] = {page, page->size, MEMSEAL_ALL, 0};
  return ranges;
}

/// Whether there are any, and all of them are sealed.
[[gnu::visibility("hidden")]] inline bool all_sealed() {
  std::size_t count = 0;
  memseal_range *ranges = list_ranges(count);
  bool some = false, all = ranges != nullptr;
  for (std::size_t i = 0; all && i < count; ++i) {
    some = some || ranges[i].len != 0;
    all = ranges[i].len == 0 ||
          memseal_is_sealed(ranges[i].addr, ranges[i].len) != 0;
  }
  std::free(ranges);
  return some && all;
}

}  // namespace memseal::variables

MEMSEAL_NAMESPACE_BEGIN

/// Makes this module's MEMSEAL_RO_AFTER_INIT variables and its
/// ro_after_init_pages read-only, for ever. Once they are, it succeeds again
/// and does nothing. Variables that are named are looked for first.
///
/// Errors:  misplaced: a named variable, or one that was edited, is not among
///          them (it lacks the macro, belongs to a template, or to another
///          module), or the section shares a page with other data.
///          no_variables: this module has none. Else those of mprotect(2) and
///          memseal. Nothing is sealed and everything stays writable.
/// Does not stop: what lies behind a pointer in such a variable, unless that is
///          sealed too: see memseal/arena.h.
///
/// Hidden, as are its sisters: the dynamic linker would otherwise take one
/// module's copy for all, and a library would seal the executable's variables.
template <typename... Variables>
[[gnu::visibility("hidden"), gnu::always_inline]] inline Result<void>
seal_ro_after_init(const Variables &...named) {
  if (variables::met_misplaced || !(variables::is_placed(&named) && ...))
    return fail(Errc::misplaced);
  std::size_t count = 0;
  memseal_range *ranges = variables::list_ranges(count);
  if (ranges == nullptr)
    return fail(Errc::system, ENOMEM);
  bool sealed = memseal_seal_variables(ranges, count, 0) == 0;
  int why = errno;
  std::free(ranges);
  if (!sealed)
    return fail(Error::from_errno(why));
  return {};
}

/// Whether each of these variables is sealed: the truth, wherever they are.
/// Without any, whether all of this module's are; false if it has none. Assert
/// it where start-up ends.
template <typename... Variables>
[[gnu::visibility("hidden")]] inline bool ro_after_init_is_sealed(
    const Variables &...named) {
  if constexpr (sizeof...(named) != 0)
    return (memseal_is_sealed(&named, sizeof named) && ...);
  else
    return variables::all_sealed();
}

/// A value that reads like a constant and can be written only through `edit`,
/// which says at the place of writing that start-up is not over. Declare it
/// MEMSEAL_RO_AFTER_INIT: the type alone protects nothing, and a global that
/// lacks the macro, and is edited, lets seal_ro_after_init fail.
template <typename T>
class ro_after_init {
public:
  template <typename... Arguments>
  constexpr explicit ro_after_init(Arguments &&...arguments)
      : value_(std::forward<Arguments>(arguments)...) {}
  ro_after_init(const ro_after_init &) = delete;
  ro_after_init &operator=(const ro_after_init &) = delete;

  constexpr operator const T &() const { return value_; }
  constexpr const T &operator*() const { return value_; }
  constexpr const T *operator->() const { return &value_; }

  /// The value to write to. After `seal_ro_after_init` a write is a SIGSEGV.
  [[gnu::visibility("hidden")]] T &edit() {
    if (__ehdr_start != nullptr &&
        variables::is_between(this, __ehdr_start, _end) &&
        !variables::is_in_section(this))
      variables::met_misplaced = true;
    return value_;
  }

private:
  T value_;
};

/// The same for inline variables and for what belongs to a template: it takes
/// whole pages of its own, and makes itself known to `seal_ro_after_init` when
/// it is constructed. MEMSEAL_RO_AFTER_INIT is not written beside it. The value
/// is never destroyed.
///
/// Needs:   static storage; constructed before it is edited, as every variable
///          with a constructor. Where a program and its libraries share one
///          inline variable, it belongs to the module that constructs it first:
///          give it hidden visibility, and each has its own.
template <typename T>
class alignas(MEMSEAL_MAX_PAGE) ro_after_init_page {
public:
  template <typename... Arguments>
  [[gnu::visibility("hidden")]] explicit ro_after_init_page(
      Arguments &&...arguments)
      : page_{variables::variable_pages, sizeof *this} {
    new (&value_) T(std::forward<Arguments>(arguments)...);
    variables::variable_pages = &page_;
  }
  ~ro_after_init_page() {}  // would write to sealed memory
  ro_after_init_page(const ro_after_init_page &) = delete;
  ro_after_init_page &operator=(const ro_after_init_page &) = delete;

  operator const T &() const { return value_; }
  const T &operator*() const { return value_; }
  const T *operator->() const { return &value_; }

  /// The value to write to. After `seal_ro_after_init` a write is a SIGSEGV.
  T &edit() { return value_; }

private:
  variables::VariablePage page_;
  union {
    T value_;
  };
};

MEMSEAL_NAMESPACE_END
