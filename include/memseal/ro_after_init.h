// SPDX-License-Identifier: Apache-2.0
// Globals that are written during start-up and never again, as the kernel's
// __ro_after_init.
//
//     MEMSEAL_RO_AFTER_INIT int worker_count = 1;
//     MEMSEAL_RO_AFTER_INIT memseal::ro_after_init<Config> config;
//
//     int main(int argc, char **argv) {
//       worker_count = parse(argv);
//       config.edit().root = "/srv";
//       if (!memseal::seal_ro_after_init()) return 1;
//       serve();          // reading costs nothing; writing is a SIGSEGV
//     }
//
// The macro puts a variable into a section of its own. A seal covers whole
// pages, so the section must share no page with anything else: every
// translation unit that includes this header pads its part of the section, at
// both ends, to the largest page size of the architecture.
//
// Each executable and library has its own section and seals it itself.
#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <utility>

#include "memseal/memseal.h"

#if defined(__aarch64__)
#define MEMSEAL_MAX_PAGE "65536"
#else
#define MEMSEAL_MAX_PAGE "4096"
#endif

/// Places a variable with static storage among those that
/// `seal_ro_after_init` seals. Not for thread-local variables. For
/// link-time optimisation see `seal_ro_after_init`.
#define MEMSEAL_RO_AFTER_INIT __attribute__((section("memseal_ro_after_init")))

// The assembler appends subsection 8192 after everything else of this unit's
// section, so the alignment there is padding at its end.
__asm__(
    ".pushsection memseal_ro_after_init,\"aw\",@progbits\n"
    ".subsection 8192\n"
    ".balign " MEMSEAL_MAX_PAGE
    "\n"
    ".popsection\n");

extern "C" {
__attribute__((visibility("hidden"),
               weak)) extern char __start_memseal_ro_after_init[];
__attribute__((visibility("hidden"),
               weak)) extern char __stop_memseal_ro_after_init[];
}

namespace memseal {

/// Makes this module's MEMSEAL_RO_AFTER_INIT variables read-only, for ever.
///
/// Errors:  EINVAL if the section shares a page with other data, which happens
///          when link-time optimisation moves the variables away from their
///          padding; else the errno of mprotect(2) or memseal. Nothing is
///          sealed and everything stays writable.
/// Does not stop: what lies behind a pointer in such a variable, unless that is
///          sealed too: see memseal/arena.h.
///
/// Hidden, as is its sister below: the dynamic linker would otherwise take one
/// module's copy for all, and a library would seal the executable's variables.
[[gnu::visibility("hidden")]] inline std::expected<void, int>
seal_ro_after_init() {
  auto begin = reinterpret_cast<std::uintptr_t>(__start_memseal_ro_after_init);
  auto end = reinterpret_cast<std::uintptr_t>(__stop_memseal_ro_after_init);
  if (begin == end)
    return {};
  constexpr std::uintptr_t page = 4096;  // the least page that can be sealed
  if (begin % page != 0 || end % page != 0)
    return std::unexpected(EINVAL);
  std::size_t size = end - begin;
  if (mprotect(__start_memseal_ro_after_init, size, PROT_READ) != 0)
    return std::unexpected(errno);
  if (memseal(__start_memseal_ro_after_init, size, MEMSEAL_ALL, 0) != 0) {
    int why = errno;
    (void)mprotect(__start_memseal_ro_after_init, size, PROT_READ | PROT_WRITE);
    return std::unexpected(why);
  }
  return {};
}

/// Whether `seal_ro_after_init` has sealed this module's variables (true also
/// when there are none): assert it where start-up ends.
[[gnu::visibility("hidden")]] inline bool ro_after_init_is_sealed() {
  if (+__start_memseal_ro_after_init == +__stop_memseal_ro_after_init)
    return true;
  memseal_info info = {};
  info.size = sizeof info;
  return memseal_query(__start_memseal_ro_after_init, &info) == 0 &&
         info.types != 0;
}

/// A value that reads like a constant and can be written only through `edit`,
/// which says at the place of writing that start-up is not over. Only a
/// variable declared MEMSEAL_RO_AFTER_INIT is protected; the type alone is a
/// reminder.
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
  T &edit() { return value_; }

private:
  T value_;
};

}  // namespace memseal
