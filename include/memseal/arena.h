// SPDX-License-Identifier: Apache-2.0
// Sealed arenas from C++17 on: build with any container, seal, read for ever.
//
//     memseal::SealedArena arena;
//     auto *routes = arena.make<std::pmr::map<int, std::pmr::string>>(&arena);
//     (*routes)[80] = "static";
//     arena.seal();                     // from here on, nobody writes to it
//
// Everything in this header is inline over memseal/memseal_arena.h, so a
// program needs no particular C++ runtime to link with libmemseal.
#pragma once

#include <cerrno>
#include <cstddef>
#include <memory_resource>
#include <new>
#include <type_traits>
#include <utility>

#include "memseal/error.h"
#include "memseal/memseal_arena.h"

MEMSEAL_NAMESPACE_BEGIN

/// A std::pmr::memory_resource whose memory can be sealed.
///
/// Memory is never given back: `deallocate` does nothing, and destroying the
/// SealedArena leaves every mapping in place. What was sealed stays readable
/// and unchangeable to the end of the process. Objects in it are not
/// destroyed: do not keep things there whose destructors matter.
///
/// After fork the child has its own copy: what was sealed is sealed there too,
/// and it may go on building.
///
/// Kernel:  native 6.10, filter 4.17.
/// Does not stop: writes before `seal`; what lies behind pointers that lead out
///          of the arena (give containers this resource for their elements
///          too); /proc/self/mem, ptrace: docs/threat-model.md.
/// Context: any thread; not in signal handlers.
class SealedArena final : public std::pmr::memory_resource {
public:
  /// Errors:  std::bad_alloc when no arena can be made; `create` says why.
  explicit SealedArena(
      std::size_t reservation = MEMSEAL_ARENA_DEFAULT_RESERVATION,
      unsigned engine = MEMSEAL_ARENA_AUTO) {
    if (memseal_arena_create(&arena_, reservation, engine) != 0)
      refuse();
  }
  SealedArena(const SealedArena &) = delete;
  SealedArena &operator=(const SealedArena &) = delete;

  /// Reserves an arena without exceptions. Errors: memseal_arena_create.
  static Result<SealedArena *> create(
      std::size_t reservation = MEMSEAL_ARENA_DEFAULT_RESERVATION,
      unsigned engine = MEMSEAL_ARENA_AUTO) {
    memseal_arena *arena = nullptr;
    if (memseal_arena_create(&arena, reservation, engine) != 0)
      return fail(Error::from_errno(errno));
    return new SealedArena(arena);
  }

  /// Constructs a T in the arena, writable until the next `seal`.
  template <typename T, typename... Arguments>
  T *make(Arguments &&...arguments) {
    return new (allocate(sizeof(T), alignof(T)))
        T(std::forward<Arguments>(arguments)...);
  }

  /// Seals everything built so far. Errors: system ENOMEM (the kernel's VMA
  /// limit); nothing is sealed then.
  [[gnu::always_inline]] Result<void> seal() {
    if (memseal_arena_seal(arena_) != 0)
      return fail(Error::from_errno(errno));
    return {};
  }

  /// Whether the object itself is sealed in this arena; not what it points to.
  template <typename T>
  bool is_sealed(const T &object) const {
    return memseal_arena_is_sealed(arena_, &object, sizeof object) != 0;
  }

  /// Where the arena is, and how much of it is sealed.
  memseal_arena_info info() const {
    memseal_arena_info told{};
    memseal_arena_query(arena_, &told);
    return told;
  }

private:
  explicit SealedArena(memseal_arena *arena) : arena_(arena) {}

  [[noreturn]] static void refuse() {
#if defined(__cpp_exceptions)
    throw std::bad_alloc();
#else
    __builtin_trap();
#endif
  }
  void *do_allocate(std::size_t size, std::size_t alignment) override {
    void *memory = memseal_arena_allocate(arena_, size, alignment);
    if (memory == nullptr)
      refuse();
    return memory;
  }
  void do_deallocate(void *, std::size_t, std::size_t) override {}
  bool do_is_equal(const memory_resource &other) const noexcept override {
    return this == &other;
  }

  memseal_arena *arena_ = nullptr;
};

/// A pointer to one object that is sealed as soon as it is built.
///
/// The pointer itself is ordinary memory: an attacker who can write to it can
/// make it point elsewhere. Keep it in a register, a constant, or in sealed
/// memory too.
template <typename T>
class sealed_ptr {
public:
  constexpr sealed_ptr() = default;
  const T &operator*() const { return *object_; }
  const T *operator->() const { return object_; }
  const T *get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }

private:
  template <typename U, typename... Arguments>
  friend Result<sealed_ptr<U>> make_sealed(SealedArena &, Arguments &&...);
  explicit sealed_ptr(const T *object) : object_(object) {}
  const T *object_ = nullptr;
};

/// Builds one T in `arena` and seals it, with all that is open in the arena.
/// It takes whole pages: for many small objects, build first and seal once.
/// Errors: as SealedArena::seal.
template <typename T, typename... Arguments>
Result<sealed_ptr<T>> make_sealed(SealedArena &arena,
                                  Arguments &&...arguments) {
  const T *object =
      arena.template make<T>(std::forward<Arguments>(arguments)...);
  if (auto sealed = arena.seal(); !sealed)
    return fail(sealed.error());
  return sealed_ptr<T>(object);
}

MEMSEAL_NAMESPACE_END
