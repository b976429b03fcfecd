// SPDX-License-Identifier: Apache-2.0
// What memseal/seal.h declares, over the C interface; include that.
#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <new>

#include "memseal/cxx_interface.h"
#include "memseal/memseal.h"
#include "memseal/seal.h"

MEMSEAL_NAMESPACE_BEGIN

namespace detail {

// Both sides of memseal_cxx_seal lay a request out like this.
static_assert(sizeof(SealRequest) == 2 * sizeof(void *) + 8);

/// 0 is success; else the Errc plus 1, and the kernel's errno above it.
inline Result<void> result_of(std::uint64_t packed) {
  if (packed == 0)
    return {};
  return fail(static_cast<Errc>((packed & 0xffff) - 1),
              static_cast<int>(packed >> 32));
}

/// The engines that MEMSEAL_NATIVE and its kind name.
inline Engine engine_of(std::uint32_t flags) {
  return (flags & MEMSEAL_NATIVE ? Engine::native : Engine()) |
         (flags & MEMSEAL_FILTER ? Engine::filter : Engine());
}

}  // namespace detail

#if defined(__cpp_lib_span)
[[gnu::always_inline]] inline Result<void> seal(
    std::span<const SealRequest> requests, Engine engine) {
  return detail::result_of(
      memseal_cxx_seal(requests.data(), requests.size(), engine.bits()));
}
#endif

[[gnu::always_inline]] inline Result<void> seal(PageRange range,
                                                SealTypes types,
                                                Downgrade downgrade,
                                                Engine engine) {
  SealRequest request{range, types, downgrade};
  return detail::result_of(memseal_cxx_seal(&request, 1, engine.bits()));
}

inline Batch::~Batch() {
  if (items_ != nullptr)
    (void)munmap(static_cast<void *>(items_), capacity_ * sizeof(SealRequest));
}

inline Result<void> Batch::add(const SealRequest &request) {
  if (size_ == capacity_) {
    std::size_t wanted = capacity_ != 0 ? 2 * capacity_ : 512;
    void *bigger =
        mmap(nullptr, wanted * sizeof(SealRequest), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bigger == MAP_FAILED)
      return fail(Errc::system, errno);
    auto *places = static_cast<SealRequest *>(bigger);
    for (std::size_t i = 0; i < size_; ++i)
      new (places + i) SealRequest(items_[i]);
    if (items_ != nullptr)
      (void)munmap(static_cast<void *>(items_),
                   capacity_ * sizeof(SealRequest));
    items_ = places;
    capacity_ = wanted;
  }
  new (items_ + size_++) SealRequest(request);
  return {};
}

[[gnu::always_inline]] inline Result<void> Batch::commit(Engine engine) {
  auto sealed =
      detail::result_of(memseal_cxx_seal(items_, size_, engine.bits()));
  if (sealed)
    size_ = 0;
  return sealed;
}

inline Result<void> harden(BaseLevel level) {
  return detail::result_of(
      memseal_cxx_harden(static_cast<std::uint32_t>(level)));
}

inline SealState query(Address at) {
  memseal_info info = {};
  info.size = sizeof info;
  (void)memseal_query(reinterpret_cast<const void *>(at), &info);
  return {info.begin,
          info.end,
          SealTypes{info.types},
          SealTypes{info.filter_types},
          (info.flags & MEMSEAL_DOWNGRADABLE) != 0 ? Downgrade::allowed
                                                   : Downgrade::refused,
          detail::engine_of(info.engine)};
}

inline BaseLevel base_level() {
  memseal_info info = {};
  info.size = sizeof info;
  (void)memseal_query(nullptr, &info);
  return static_cast<BaseLevel>(info.base_level);
}

MEMSEAL_NAMESPACE_END
