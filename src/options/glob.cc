// SPDX-License-Identifier: Apache-2.0
// The matcher keeps one place to come back to: the last star. A later star
// makes every earlier one settled, so the time is at most pattern × text,
// whatever a user writes.
#include "options/glob.h"

namespace memseal {
namespace {

constexpr std::size_t none = std::string_view::npos;

struct Set {
  std::size_t end;  ///< just past the `]`; `none` if there is no `]`
  bool holds;
};

unsigned char byte(char c) {
  return static_cast<unsigned char>(c);
}

/// Reads the set that begins at pattern[at] == '['.
Set read_set(std::string_view pattern, std::size_t at, char c) {
  std::size_t i = at + 1;
  bool inverted =
      i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (inverted)
    ++i;
  bool found = false;
  // A `]` that comes first is a member: "[]]".
  for (bool first = true; i < pattern.size(); first = false) {
    if (pattern[i] == ']' && !first)
      return {i + 1, found != inverted};
    char low = pattern[i++];
    char high = low;
    if (i + 1 < pattern.size() && pattern[i] == '-' && pattern[i + 1] != ']') {
      high = pattern[i + 1];
      i += 2;
    }
    found = found || (byte(low) <= byte(c) && byte(c) <= byte(high));
  }
  return {none, false};
}

/// Matches one element of the pattern that is not a star against one byte;
/// returns where the pattern goes on, `none` if the byte does not match.
std::size_t match_one(std::string_view pattern, std::size_t at, char c) {
  if (pattern[at] == '?')
    return at + 1;
  if (pattern[at] == '[') {
    Set set = read_set(pattern, at, c);
    if (set.end != none)
      return set.holds ? set.end : none;
  }
  if (pattern[at] == '\\' && at + 1 < pattern.size())
    ++at;
  return pattern[at] == c ? at + 1 : none;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0;
  std::size_t star = none, star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_text = t;
      continue;
    }
    std::size_t next =
        p < pattern.size() ? match_one(pattern, p, text[t]) : none;
    if (next != none) {
      p = next;
      ++t;
    } else if (star != none) {
      p = star;
      t = ++star_text;  // the star takes one byte more
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

std::uint64_t patterns_naming(std::string_view patterns,
                              std::string_view object) {
  std::size_t slash = object.rfind('/');
  std::string_view base = slash == none ? object : object.substr(slash + 1);
  std::uint64_t found = 0, bit = 1;
  while (!patterns.empty()) {
    std::size_t comma = patterns.find(',');
    std::string_view pattern = patterns.substr(0, comma);
    patterns.remove_prefix(comma == none ? patterns.size() : comma + 1);
    std::string_view name = pattern.find('/') == none ? base : object;
    if (!pattern.empty() && (pattern == name || glob_match(pattern, name)))
      found |= bit;
    if (bit << 1 != 0)
      bit <<= 1;
  }
  return found;
}

bool selects(const RunOptions &options, std::string_view object,
             std::string_view other_name, PatternsMet *met) {
  auto naming = [&](std::string_view patterns) {
    std::uint64_t found = patterns_naming(patterns, object);
    if (!other_name.empty())
      found |= patterns_naming(patterns, other_name);
    return found;
  };
  std::uint64_t only = naming(options.only), except = naming(options.except);
  if (met != nullptr) {
    met->only |= only;
    met->except |= except;
  }
  return (options.only.empty() || only != 0) && except == 0;
}

}  // namespace memseal
