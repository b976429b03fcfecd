// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace memseal::test {

/// A thread that does `before`, lives until it is let go, then does `after` and
/// returns its outcome.
class Companion {
public:
  explicit Companion(
      std::function<void()> before,
      std::function<int()> after = [] { return 0; })
      : thread_([this, before, after] {
          before();
          ready_ = true;
          ready_.notify_one();
          go_.wait(false);
          outcome_ = after();
        }) {
    ready_.wait(false);
  }
  int finish() {
    go_ = true;
    go_.notify_one();
    thread_.join();
    return outcome_;
  }

private:
  std::atomic<bool> ready_{false}, go_{false};
  int outcome_ = -1;
  std::thread thread_;
};

}  // namespace memseal::test
