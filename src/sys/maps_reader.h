// SPDX-License-Identifier: Apache-2.0
// Reads /proc/PID/maps and smaps through a buffer of fixed size, for code that
// has no heap: the loader module, the seal engines, signal handlers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/large_local.h"
#include "memseal/error.h"
#include "sys/syscall.h"
#include "vm/mapping.h"

namespace memseal::sys {

/// Whether the kernel's seals are wanted. `with_seals` reads smaps, which costs
/// the kernel a walk over every page table; `without` reads maps.
enum class ReadSeals : std::uint8_t { without, with_seals };

/// The mappings of a process, one by one, in ascending order.
///
/// The kernel gives no snapshot: a mapping made or changed meanwhile may be
/// seen, missed or seen in part, but what stayed as it was is seen, and ranges
/// never go backwards.
///
/// Needs:   about 12 KiB of stack; in the freestanding core no other reader at
///          the same time.
/// Source:  Linux, Documentation/filesystems/proc.rst, /proc/PID/maps.
/// Context: anywhere; before-main included.
class MapsReader {
public:
  /// A file that cannot be opened is what the first `next` reports.
  static MapsReader of_self(ReadSeals seals);
  static MapsReader of_process(int pid, ReadSeals seals);

  MapsReader(const MapsReader &) = delete;
  MapsReader &operator=(const MapsReader &) = delete;
  ~MapsReader();

  /// The next mapping, or nothing at the end. Its `name` holds until the next
  /// call; one longer than 4,000 bytes is cut off there.
  ///
  /// Errors:  malformed: one line made no sense; the next call goes on.
  ///          system: the kernel refused: ENOENT or ESRCH there is no such
  ///          process (any more), EACCES it is not ours to read, EMFILE.
  Result<std::optional<Mapping>> next();

private:
  friend class MapsReaderTest;
  /// `file`: an open file, or the kernel's refusal to open one.
  explicit MapsReader(ReturnValue file) : file_(file) {}

  /// The first byte of the next line; 0 at the end.
  Result<char> peek();
  /// The next line without its newline, cut off if longer than the buffer.
  /// Holds until the next call. Needs: peek() != 0.
  Result<std::string_view> next_line();
  /// Goes behind the next newline.
  Result<void> skip_line();
  /// Makes the unread part of the buffer longer, unless the text has ended.
  Result<void> fill();

  ReturnValue file_;
  bool at_end_ = false;
  std::size_t begin_ = 0, end_ = 0;  ///< of what is unread in `buffer_`
  std::size_t line_size_ = 0;        ///< of the header kept in `line_`
  MEMSEAL_LARGE_MEMBER std::array<char, 8192> buffer_;
  MEMSEAL_LARGE_MEMBER std::array<char, 4096> line_;
};

}  // namespace memseal::sys
