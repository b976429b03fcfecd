// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace memseal::test {

/// A thread that does `before`, lives until it is let go, then does `after`.
class Companion {
public:
  explicit Companion(
      std::function<void()> before, std::function<void()> after = [] {})
      : thread_([this, before, after] {
          before();
          ready_ = true;
          ready_.notify_one();
          go_.wait(false);
          after();
        }) {
    ready_.wait(false);
  }
  void finish() {
    go_ = true;
    go_.notify_one();
    thread_.join();
  }

private:
  std::atomic<bool> ready_{false}, go_{false};
  std::thread thread_;
};

}  // namespace memseal::test
