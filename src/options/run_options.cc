// SPDX-License-Identifier: Apache-2.0
// The text is a list of settings with semicolons between them:
//
//   engine=native;dlopen=skip;require;no-inherit;only=a*,b*;report=/tmp/x;y
//
// `report` is always the last one and takes the rest of the text, so a path may
// hold any byte. Patterns may not hold a semicolon; that is refused when the
// text is written, not misread later. What has its default value is left out,
// so an ordinary run carries an empty text.
#include "options/run_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace memseal {
namespace {

template <typename T>
struct Word {
  std::string_view text;
  T value;
};

constexpr std::array<Word<Engine>, 5> engine_words{{
    {"auto", Engine::automatic},
    {"native", Engine::native},
    {"filter", Engine::filter},
    {"keeper", Engine::keeper},
    {"strict", strict_tree},
}};
constexpr std::array<Word<DlopenPolicy>, 3> dlopen_words{{
    {"pin", DlopenPolicy::pin},
    {"seal", DlopenPolicy::seal},
    {"skip", DlopenPolicy::skip},
}};
constexpr std::array<Word<AtExit>, 2> at_exit_words{{
    {"ignore", AtExit::unchecked},
    {"check", AtExit::check},
}};
constexpr std::array<Word<Slots>, 2> slots_words{{
    {"keep", Slots::keep},
    {"seal", Slots::seal},
}};
constexpr std::array<Word<RelroMemory>, 2> relro_words{{
    {"anonymous", RelroMemory::anonymous},
    {"file", RelroMemory::file},
}};

template <typename T, std::size_t N>
Result<T> value_of(const std::array<Word<T>, N> &words, std::string_view text) {
  for (const Word<T> &word : words) {
    if (word.text == text)
      return word.value;
  }
  return fail(Errc::malformed);
}

template <typename T, std::size_t N>
std::string_view word_for(const std::array<Word<T>, N> &words, T value) {
  for (const Word<T> &word : words) {
    if (word.value == value)
      return word.text;
  }
  return {};
}

constexpr std::array<Word<OnViolation>, 5> violation_words{{
    {"deny", OnViolation::deny},
    {"report", OnViolation::report},
    {"kill", OnViolation::kill},
    {"trap", OnViolation::trap},
    {"permit", OnViolation::permit},
}};
constexpr std::array<Word<SealTypes>, 6> type_words{{
    {"seal", seal_type::seal},
    {"mprotect", seal_type::mprotect},
    {"munmap", seal_type::munmap},
    {"mmap", seal_type::mmap},
    {"mremap", seal_type::mremap},
    {"discard", seal_type::discard},
}};

/// Calls `take` with each word of a list; false from it is a malformed list.
template <typename Take>
Result<void> for_each_word(std::string_view list, Take take) {
  for (;;) {
    std::size_t comma = list.find(',');
    if (!take(list.substr(0, comma)))
      return fail(Errc::malformed);
    if (comma == std::string_view::npos)
      return {};
    list.remove_prefix(comma + 1);
  }
}

/// Appends settings to a buffer; remembers whether all of them fitted.
class Writer {
public:
  explicit Writer(std::span<char> buffer) : buffer_(buffer) {}

  void setting(std::string_view key, std::string_view value) {
    setting(key);
    append("=");
    append(value);
  }
  /// One more word of a list that `setting` has begun.
  void word(std::string_view word, bool first) {
    append(first ? "" : ",");
    append(word);
  }
  void setting(std::string_view key) {
    if (used_ != 0)
      append(";");
    append(key);
  }
  Result<std::string_view> text() const {
    if (overflowed_)
      return fail(Errc::capacity);
    return std::string_view(buffer_.data(), used_);
  }

private:
  void append(std::string_view text) {
    if (overflowed_ || text.size() > buffer_.size() - used_) {
      overflowed_ = true;
      return;
    }
    std::copy(text.begin(), text.end(), buffer_.data() + used_);
    used_ += text.size();
  }

  std::span<char> buffer_;
  std::size_t used_ = 0;
  bool overflowed_ = false;
};

Result<int> parse_number(std::string_view text) {
  int number = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number <= 0)
    return fail(Errc::malformed);
  return number;
}

/// DEVICE:INODE, both in hexadecimal.
Result<FileIdentity> parse_identity(std::string_view text) {
  FileIdentity file;
  const char *last = text.data() + text.size();
  auto [colon, error] = std::from_chars(text.data(), last, file.device, 16);
  if (error != std::errc() || colon == last || *colon != ':')
    return fail(Errc::malformed);
  auto [end, other] = std::from_chars(colon + 1, last, file.inode, 16);
  if (other != std::errc() || end != last)
    return fail(Errc::malformed);
  return file;
}

Result<void> read_setting(std::string_view setting, RunOptions &options) {
  std::size_t equals = setting.find('=');
  bool has_value = equals != std::string_view::npos;
  std::string_view key = setting.substr(0, equals);
  std::string_view value = has_value ? setting.substr(equals + 1) : "";

  if (key == "engine")
    options.engine = MEMSEAL_TRY(parse_engine(value));
  else if (key == "dlopen")
    options.dlopen = MEMSEAL_TRY(parse_dlopen(value));
  else if (key == "relro")
    options.relro = MEMSEAL_TRY(parse_relro(value));
  else if (key == "slots")
    options.slots = MEMSEAL_TRY(parse_slots(value));
  else if (key == "at-exit")
    options.at_exit = MEMSEAL_TRY(parse_at_exit(value));
  else if (key == "require" && !has_value)
    options.requirement = Requirement::required;
  else if (key == "no-inherit" && !has_value)
    options.inheritance = Inheritance::children_unsealed;
  else if (key == "on-violation")
    options.on_violation = MEMSEAL_TRY(value_of(violation_words, value));
  else if (key == "segments")
    options.segments = MEMSEAL_TRY(parse_segments(value));
  else if (key == "types")
    options.types = MEMSEAL_TRY(parse_types(value));
  else if (key == "only" && !value.empty())
    options.only = value;
  else if (key == "except" && !value.empty())
    options.except = value;
  else if (key == "launched" && !value.empty())
    options.launched = MEMSEAL_TRY(parse_number(value));
  else if (key == "standard-error")
    options.standard_error = MEMSEAL_TRY(parse_identity(value));
  else if (key == "report" && !value.empty())
    options.report = value;
  else
    return fail(Errc::malformed);
  return {};
}

}  // namespace

Result<Engine> parse_engine(std::string_view word) {
  return value_of(engine_words, word);
}

Result<DlopenPolicy> parse_dlopen(std::string_view word) {
  return value_of(dlopen_words, word);
}

Result<AtExit> parse_at_exit(std::string_view word) {
  return value_of(at_exit_words, word);
}

Result<Slots> parse_slots(std::string_view word) {
  return value_of(slots_words, word);
}

Result<RelroMemory> parse_relro(std::string_view word) {
  return value_of(relro_words, word);
}

Result<OnViolation> parse_on_violation(std::string_view word) {
  OnViolation on_violation = MEMSEAL_TRY(value_of(violation_words, word));
  // For who has a keeper that permits: `memseal trace`.
  if (on_violation == OnViolation::permit)
    return fail(Errc::malformed);
  return on_violation;
}

bool wants_own_filters(const RunOptions &options) {
  return options.engine.has(Engine::filter) ||
         kills_or_traps(options.on_violation);
}

Result<SegmentSet> parse_segments(std::string_view list) {
  SegmentSet segments = no_segment;
  MEMSEAL_TRY_VOID(for_each_word(list, [&](std::string_view word) {
    for (auto [name, segment] : segment_names) {
      if (name == word)
        return !std::exchange(segments.*segment, true);
    }
    return false;
  }));
  return segments;
}

Result<SealTypes> parse_types(std::string_view list) {
  if (list == "all")
    return seal_type::all;
  SealTypes types;
  MEMSEAL_TRY_VOID(for_each_word(list, [&](std::string_view word) {
    auto type = value_of(type_words, word);
    bool is_new = type && !types.has(*type);
    if (is_new)
      types = types | *type;
    return is_new;
  }));
  return types;
}

Result<RunOptions> parse_run_options(std::string_view text) {
  RunOptions options;
  while (!text.empty()) {
    std::size_t end =
        text.starts_with("report=") ? std::string_view::npos : text.find(';');
    MEMSEAL_TRY_VOID(read_setting(text.substr(0, end), options));
    if (end == std::string_view::npos)
      break;
    text.remove_prefix(end + 1);
    if (text.empty())  // a semicolon promises a setting
      return fail(Errc::malformed);
  }
  return options;
}

Result<std::string_view> format_run_options(const RunOptions &options,
                                            std::span<char> buffer) {
  if (options.only.find(';') != std::string_view::npos ||
      options.except.find(';') != std::string_view::npos)
    return fail(Errc::invalid);

  Writer out(buffer);
  if (options.engine != Engine::automatic)
    out.setting("engine", word_for(engine_words, options.engine));
  if (options.dlopen != DlopenPolicy::pin)
    out.setting("dlopen", word_for(dlopen_words, options.dlopen));
  if (options.relro != RelroMemory::anonymous)
    out.setting("relro", word_for(relro_words, options.relro));
  if (options.slots != Slots::keep)
    out.setting("slots", word_for(slots_words, options.slots));
  if (options.at_exit != AtExit::unchecked)
    out.setting("at-exit", word_for(at_exit_words, options.at_exit));
  if (options.requirement == Requirement::required)
    out.setting("require");
  if (options.inheritance == Inheritance::children_unsealed)
    out.setting("no-inherit");
  if (options.on_violation != OnViolation::deny)
    out.setting("on-violation",
                word_for(violation_words, options.on_violation));
  if (options.segments != every_segment) {
    out.setting("segments", "");
    bool first = true;
    for (auto [name, segment] : segment_names) {
      if (options.segments.*segment)
        out.word(name, std::exchange(first, false));
    }
  }
  if (options.types != seal_type::all) {
    out.setting("types", "");
    bool first = true;
    for (const auto &word : type_words) {
      if (options.types.has(word.value))
        out.word(word.text, std::exchange(first, false));
    }
  }
  if (!options.only.empty())
    out.setting("only", options.only);
  if (!options.except.empty())
    out.setting("except", options.except);
  if (options.launched != 0) {
    char digits[16];
    char *end =
        std::to_chars(digits, digits + sizeof digits, options.launched).ptr;
    out.setting("launched", {digits, static_cast<std::size_t>(end - digits)});
  }
  if (options.standard_error) {
    char digits[40];
    char *last = digits + sizeof digits;
    char *end =
        std::to_chars(digits, last, options.standard_error->device, 16).ptr;
    *end++ = ':';
    end = std::to_chars(end, last, options.standard_error->inode, 16).ptr;
    out.setting("standard-error",
                {digits, static_cast<std::size_t>(end - digits)});
  }
  if (!options.report.empty())
    out.setting("report", options.report);
  return out.text();
}

}  // namespace memseal
