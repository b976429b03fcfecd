// SPDX-License-Identifier: Apache-2.0
// A lock that needs no C library.
#pragma once

#include <atomic>

namespace memseal {

/// For sections of a few hundred instructions that make no blocking call.
/// Context: not in signal handlers: a handler that interrupts the holder would
/// wait for ever.
class SpinLock {
public:
  constexpr SpinLock() = default;
  SpinLock(const SpinLock &) = delete;
  SpinLock &operator=(const SpinLock &) = delete;

  void lock() {
    while (held_.exchange(true, std::memory_order_acquire)) {
      while (held_.load(std::memory_order_relaxed)) {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ volatile("yield");
#endif
      }
    }
  }
  void unlock() {
    held_.store(false, std::memory_order_release);
  }

  class Guard {
  public:
    explicit Guard(SpinLock &lock) : lock_(lock) { lock_.lock(); }
    ~Guard() { lock_.unlock(); }
    Guard(const Guard &) = delete;
    Guard &operator=(const Guard &) = delete;

  private:
    SpinLock &lock_;
  };

private:
  std::atomic<bool> held_{false};
};

}  // namespace memseal
