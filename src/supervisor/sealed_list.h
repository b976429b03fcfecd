// SPDX-License-Identifier: Apache-2.0
// What is sealed in one memory, as of the moment that one identity stands for.
//
// A child that was forked keeps the list that its parent had; what either seals
// later goes into a list of its own. A program that seals two thousand pages
// one by one has two thousand lists, so they share one log as far as they
// agree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "memseal/page_range.h"

namespace memseal::supervisor {

/// What brk(2), shmdt(2) and advice have to know of it.
enum class Part : std::uint8_t {
  object,  ///< of a loaded ELF object: private and not writable
  memory,  ///< any memory above the end of the heap
  heap,    ///< any memory that begins below it
};

struct SealedPart {
  PageRange range;
  Part part;
};

class SealedList {
public:
  SealedList() : log_(std::make_shared<std::vector<SealedPart>>()) {}

  std::span<const SealedPart> parts() const { return {log_->data(), size_}; }
  bool empty() const { return size_ == 0; }
  /// Returns whether that is news.
  bool add(SealedPart part);
  /// Takes out what lies wholly in the range.
  void remove(PageRange range);

private:
  std::shared_ptr<std::vector<SealedPart>>
      log_;  ///< others may have added more
  std::size_t size_ = 0;
};

}  // namespace memseal::supervisor
