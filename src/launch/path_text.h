// SPDX-License-Identifier: Apache-2.0
// A path that is being put together.
#pragma once

#include <linux/limits.h>

#include <cstddef>
#include <string_view>

namespace memseal::launch {

/// At most PATH_MAX bytes, always terminated. What does not fit makes the whole
/// path invalid, never a shorter one.
class PathText {
public:
  PathText &clear() {
    size_ = 0;
    overflowed_ = false;
    text_[0] = '\0';
    return *this;
  }
  PathText &append(std::string_view part) {
    if (overflowed_ || part.size() >= sizeof text_ - size_) {
      overflowed_ = true;
      return *this;
    }
    for (char c : part)
      text_[size_++] = c;
    text_[size_] = '\0';
    return *this;
  }

  bool fits() const { return !overflowed_; }
  const char *c_str() const { return text_; }
  std::string_view view() const { return {text_, size_}; }

private:
  // An empty path is all zeros, so one in static storage costs nothing until
  // it is used; then the size shares a page with the beginning of the text.
  std::size_t size_ = 0;
  bool overflowed_ = false;
  char text_[PATH_MAX] = {};
};

/// What stands before the last slash; empty if there is none.
inline std::string_view directory_of(std::string_view path) {
  std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : path.substr(0, slash);
}
/// What follows the last slash.
inline std::string_view name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

}  // namespace memseal::launch
