// SPDX-License-Identifier: Apache-2.0
// Puts text together where there is neither a heap nor a C library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace memseal {

/// Writes into a buffer of somebody else's. What does not fit is dropped, and
/// `cut` says so.
class TextWriter {
public:
  explicit TextWriter(std::span<char> buffer) : buffer_(buffer) {}

  TextWriter &text(std::string_view part) {
    for (char c : part)
      put(c);
    return *this;
  }
  TextWriter &decimal(std::uint64_t number) { return digits(number, 10); }
  /// With 0x in front.
  TextWriter &hex(std::uint64_t number) {
    return text("0x").digits(number, 16);
  }

  /// As a JSON string, quotes included. Bytes that are not ASCII are taken to
  /// be UTF-8 and kept.
  TextWriter &json(std::string_view part) {
    put('"');
    for (char c : part) {
      auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        put('\\');
        put(c);
      } else if (byte < 0x20) {
        text("\\u00");
        put("0123456789abcdef"[byte >> 4]);
        put("0123456789abcdef"[byte & 15]);
      } else {
        put(c);
      }
    }
    put('"');
    return *this;
  }

  std::string_view view() const { return {buffer_.data(), size_}; }
  bool cut() const { return cut_; }
  void clear() {
    size_ = 0;
    cut_ = false;
  }

private:
  void put(char c) {
    if (size_ < buffer_.size())
      buffer_[size_++] = c;
    else
      cut_ = true;
  }
  TextWriter &digits(std::uint64_t number, unsigned base) {
    char reversed[64];
    std::size_t count = 0;
    do
      reversed[count++] = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    while (count > 0)
      put(reversed[--count]);
    return *this;
  }

  std::span<char> buffer_;
  std::size_t size_ = 0;
  bool cut_ = false;
};

}  // namespace memseal
