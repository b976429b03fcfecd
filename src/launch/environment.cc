// SPDX-License-Identifier: Apache-2.0
#include "launch/environment.h"

#include <algorithm>

namespace memseal::launch {
namespace {

/// The value, if the string is NAME=VALUE.
std::optional<std::string_view> value_in(const char *string,
                                         std::string_view name) {
  for (char c : name) {
    if (*string++ != c)
      return std::nullopt;
  }
  if (*string != '=')
    return std::nullopt;
  return string + 1;
}

}  // namespace

std::optional<std::string_view> lookup(const char *const *environment,
                                       std::string_view name) {
  for (; *environment != nullptr; ++environment) {
    if (auto value = value_in(*environment, name))
      return value;
  }
  return std::nullopt;
}

Result<void> Environment::begin(char **inherited) {
  count_ = used_ = 0;
  for (; *inherited != nullptr; ++inherited) {
    if (count_ + 1 == max_strings)
      return fail(Errc::capacity);
    strings_[count_++] = *inherited;
  }
  strings_[count_] = nullptr;
  return {};
}

void Environment::remove(std::string_view name) {
  auto end = std::remove_if(
      strings_.begin(), strings_.begin() + count_,
      [&](const char *string) { return value_in(string, name).has_value(); });
  count_ = static_cast<std::size_t>(end - strings_.begin());
  strings_[count_] = nullptr;
}

Result<void> Environment::set(std::string_view name,
                              std::span<const std::string_view> parts) {
  char *string = text_.data() + used_;
  // Written before the old value is forgotten: `parts` may point into it.
  MEMSEAL_TRY_VOID(append(name));
  MEMSEAL_TRY_VOID(append("="));
  for (std::string_view part : parts)
    MEMSEAL_TRY_VOID(append(part));
  MEMSEAL_TRY_VOID(append({"\0", 1}));
  remove(name);
  if (count_ + 1 == max_strings)
    return fail(Errc::capacity);
  strings_[count_++] = string;
  strings_[count_] = nullptr;
  return {};
}

Result<void> Environment::append(std::string_view text) {
  if (text.size() > max_text - used_)
    return fail(Errc::capacity);
  std::copy(text.begin(), text.end(), text_.begin() + used_);
  used_ += text.size();
  return {};
}

}  // namespace memseal::launch
