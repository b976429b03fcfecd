// SPDX-License-Identifier: Apache-2.0
// Parts of a file, without a C library and without mapping it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "memseal/error.h"

namespace memseal::sys {

/// A file open for reading, closed with this.
class FileReader {
public:
  /// Errors: system. A FIFO is not waited for.
  static Result<FileReader> open(const char *path);

  FileReader(FileReader &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileReader(const FileReader &) = delete;
  FileReader &operator=(const FileReader &) = delete;
  FileReader &operator=(FileReader &&) = delete;
  ~FileReader();

  /// Reads from `offset` on; zeros stand for what is behind the end of the
  /// file, as in a page of it that is mapped. Errors: system.
  Result<void> read(std::span<std::byte> bytes, std::uint64_t offset) const;

private:
  explicit FileReader(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace memseal::sys
