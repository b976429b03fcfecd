// SPDX-License-Identifier: Apache-2.0
#include "sys/maps_reader.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <charconv>

#include "sys/memory.h"
#include "sys/syscall.h"
#include "vm/maps_parser.h"

namespace memseal::sys {

namespace {

ReturnValue open(const char *path) {
  return call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

}  // namespace

MapsReader MapsReader::of_self(ReadSeals seals) {
  // Not /proc/self: that is the first thread, whose file is empty when it has
  // ended before the others. thread-self came with Linux 3.17.
  bool with_seals = seals == ReadSeals::with_seals;
  ReturnValue file =
      open(with_seals ? "/proc/thread-self/smaps" : "/proc/thread-self/maps");
  if (file.error() == ENOENT)
    file = open(with_seals ? "/proc/self/smaps" : "/proc/self/maps");
  return MapsReader(file);
}

MapsReader MapsReader::of_process(int pid, ReadSeals seals) {
  char path[32] = "/proc/";
  char *at = std::to_chars(path + 6, path + 20, pid).ptr;
  for (const char *rest = seals == ReadSeals::with_seals ? "/smaps" : "/maps";
       *rest != '\0'; ++rest)
    *at++ = *rest;
  *at = '\0';
  return MapsReader(open(path));
}

MapsReader::~MapsReader() {
  if (!file_.failed())
    call(SYS_close, file_.raw);
}

Result<void> MapsReader::fill() {
  if (file_.failed())
    return fail(Errc::system, file_.error());
  std::copy(buffer_.begin() + begin_, buffer_.begin() + end_, buffer_.begin());
  end_ -= begin_;
  begin_ = 0;
  ReturnValue answer;
  do
    answer =
        call(SYS_read, file_.raw, buffer_.data() + end_, buffer_.size() - end_);
  while (answer.error() == EINTR);
  if (answer.failed())
    return fail(Errc::system, answer.error());
  at_end_ = answer.raw == 0;
  end_ += static_cast<std::size_t>(answer.raw);
  return {};
}

Result<char> MapsReader::peek() {
  if (begin_ == end_ && !at_end_)
    MEMSEAL_TRY_VOID(fill());
  return begin_ == end_ ? '\0' : buffer_[begin_];
}

Result<std::string_view> MapsReader::next_line() {
  auto newline = [this](std::size_t from) {
    return static_cast<std::size_t>(
        std::find(buffer_.begin() + from, buffer_.begin() + end_, '\n') -
        buffer_.begin());
  };
  std::size_t stop = newline(begin_);
  while (stop == end_ && !at_end_ && stop - begin_ < buffer_.size()) {
    std::size_t searched = end_ - begin_;
    MEMSEAL_TRY_VOID(fill());
    stop = newline(searched);
  }
  std::string_view line(buffer_.data() + begin_, stop - begin_);
  begin_ = stop < end_ ? stop + 1 : stop;
  return line;
}

Result<std::optional<Mapping>> MapsReader::next() {
  if (MEMSEAL_TRY(peek()) == '\0')
    return std::nullopt;
  std::string_view header = MEMSEAL_TRY(next_line());
  line_size_ = std::min(header.size(), line_.size());
  std::copy_n(header.begin(), line_size_, line_.begin());
  auto mapping = parse_mapping_line({line_.data(), line_size_}, page_size());

  // A line longer than the buffer: what is left of it must not be taken for
  // the next one.
  if (header.size() == buffer_.size())
    MEMSEAL_TRY_VOID(skip_line());

  auto seal = KernelSeal::unknown;
  std::uint64_t page = 0;
  Lasting lasting;
  for (;;) {
    char first = MEMSEAL_TRY(peek());
    if (!is_smaps_field({&first, 1}))
      break;
    std::string_view field = MEMSEAL_TRY(next_line());
    add_to_lasting(field, lasting);
    if (auto size = find_smaps_size(field, "KernelPageSize"))
      page = *size;
    KernelSeal found = find_vm_flag(field, "sl");
    if (found == KernelSeal::unknown)
      continue;
    seal = found;
  }
  if (mapping) {
    mapping->seal = seal;
    mapping->page_size = page;
    mapping->lasting = lasting;
  }
  return mapping;
}

Result<void> MapsReader::skip_line() {
  for (;;) {
    if (MEMSEAL_TRY(peek()) == '\0')
      return {};
    auto stop =
        std::find(buffer_.begin() + begin_, buffer_.begin() + end_, '\n');
    begin_ = static_cast<std::size_t>(stop - buffer_.begin());
    if (begin_ < end_) {
      ++begin_;
      return {};
    }
  }
}

}  // namespace memseal::sys
