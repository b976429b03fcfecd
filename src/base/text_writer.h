// SPDX-License-Identifier: Apache-2.0
// Puts text together where there is neither a heap nor a C library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/utf8.h"

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
  TextWriter &decimal(std::uint64_t number) { return digits(number, 10, 1); }
  /// With zeros in front, up to a width.
  TextWriter &padded(std::uint64_t number, unsigned width) {
    return digits(number, 10, width);
  }
  /// With 0x in front.
  TextWriter &hex(std::uint64_t number) {
    return text("0x").digits(number, 16, 1);
  }

  /// As a JSON string, quotes included, in ASCII: valid JSON whatever the bytes
  /// are. What is not UTF-8 becomes U+FFFD.
  TextWriter &json(std::string_view part) {
    put('"');
    while (!part.empty()) {
      CodePoint point = first_code_point(part);
      part.remove_prefix(point.size);
      json_code_point(point.valid ? point.value : 0xfffd);
    }
    put('"');
    return *this;
  }

  /// As it is, but what could end the line or steer a terminal, and
  /// backslashes, byte by byte as in /proc/mounts: "\012".
  TextWriter &printable(std::string_view part) {
    while (!part.empty()) {
      CodePoint point = first_code_point(part);
      std::string_view bytes = part.substr(0, point.size);
      part.remove_prefix(point.size);
      if (is_harmless(point) && point.value != '\\')
        text(bytes);
      else
        for (char c : bytes)
          octal(static_cast<unsigned char>(c));
    }
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
  void octal(unsigned char byte) {
    put('\\');
    for (int shift : {6, 3, 0})
      put(static_cast<char>('0' + ((byte >> shift) & 7)));
  }
  void json_code_point(char32_t c) {
    if (c >= 0x10000) {
      json_code_point(0xd800 + ((c - 0x10000) >> 10));
      json_code_point(0xdc00 + ((c - 0x10000) & 0x3ff));
    } else if (c == '"' || c == '\\') {
      put('\\');
      put(static_cast<char>(c));
    } else if (c >= 0x20 && c < 0x7f) {
      put(static_cast<char>(c));
    } else {
      text("\\u");
      for (int shift : {12, 8, 4, 0})
        put("0123456789abcdef"[(c >> shift) & 15]);
    }
  }
  TextWriter &digits(std::uint64_t number, unsigned base, unsigned least) {
    char reversed[64];
    std::size_t count = 0;
    do
      reversed[count++] = "0123456789abcdef"[number % base];
    while ((number /= base) != 0 || count < least);
    while (count > 0)
      put(reversed[--count]);
    return *this;
  }

  std::span<char> buffer_;
  std::size_t size_ = 0;
  bool cut_ = false;
};

}  // namespace memseal
