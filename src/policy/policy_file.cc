// SPDX-License-Identifier: Apache-2.0
// Settings are held against the table of `memseal run`'s options: a policy
// cannot know a word that the command line does not.
#include "policy/policy_file.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace memseal::policy {
namespace {

const launch::RunOption *option_for(std::string_view key) {
  constexpr std::array<std::string_view, 11> keys{
      "engine", "dlopen",   "how",   "on-violation", "provide-mseal", "report",
      "relro",  "segments", "types", "at-exit",      "slots"};
  if (std::ranges::find(keys, key) == keys.end())
    return nullptr;
  for (const launch::RunOption &option : launch::run_options()) {
    if (option.name.substr(2) == key)
      return &option;
  }
  return nullptr;
}

class Reader {
public:
  explicit Reader(Policy &policy) : policy_(policy) {}

  void read(const toml::table &table) {
    for (const auto &[key, node] : table) {
      std::string_view name = key.str();
      if (name == "segments" || name == "types")
        read_list(*option_for(name), name, node);
      else if (const auto *option = option_for(name))
        read_word(*option, name, node);
      else if (name == "require" || name == "inherit")
        read_switch(name, node);
      else if (name == "objects")
        read_objects(node);
      else
        fault(key, fmt::format("there is no setting '{}'", name));
    }
    refuse_conflict(table);
  }

private:
  template <typename Place>
  void fault(const Place &place, std::string text) {
    toml::source_position at = place.source().begin;
    policy_.faults.push_back({at.line, at.column, std::move(text)});
  }

  void read_word(const launch::RunOption &option, std::string_view key,
                 const toml::node &node) {
    auto word = node.value_exact<std::string>();
    launch::RunRequest ignored;
    if (!word)
      return fault(node, fmt::format("'{}' must be a string", key));
    if (key == "report" && *word != "-" && !word->starts_with('/'))
      return fault(node, "'report' is an absolute path, or \"-\"");
    if (word->empty() || word->find('\0') != std::string::npos ||
        !option.apply(ignored, *word))
      return fault(node, fmt::format("'{}' is one of {}, not '{}'", key,
                                     option.label, *word));
    policy_.words.emplace_back(key, *word);
  }

  void read_switch(std::string_view key, const toml::node &node) {
    auto value = node.value_exact<bool>();
    if (!value)
      return fault(node, fmt::format("'{}' must be true or false", key));
    policy_.words.emplace_back(key, *value ? "true" : "false");
  }

  /// A list here is one word with commas between on the command line.
  void read_list(const launch::RunOption &option, std::string_view key,
                 const toml::node &node) {
    const toml::array *list = node.as_array();
    if (list == nullptr || list->empty())
      return fault(
          node,
          fmt::format("'{}' must be a list of strings that is not empty", key));
    launch::RunRequest ignored;
    std::string joined;
    for (const toml::node &item : *list) {
      std::string word = item.value_exact<std::string>().value_or("");
      if (word.find_first_of(std::string_view(",\0", 2)) != std::string::npos ||
          !option.apply(ignored, word))
        return fault(item,
                     fmt::format("'{}' knows {}, not '{}'", key,
                                 key == "types" ? "seal, mprotect, munmap, "
                                                  "mmap, mremap, discard, all"
                                                : "text, rodata, relro",
                                 word));
      joined += (joined.empty() ? "" : ",") + word;
    }
    if (!option.apply(ignored, joined))
      return fault(node, fmt::format("'{}' names something twice, or all and "
                                     "more",
                                     key));
    policy_.words.emplace_back(key, joined);
  }

  void read_objects(const toml::node &node) {
    const toml::table *objects = node.as_table();
    if (objects == nullptr)
      return fault(node, "'objects' must be a table: [objects]");
    for (const auto &[key, list] : *objects) {
      if (key.str() == "only")
        read_patterns(list, "only", policy_.only);
      else if (key.str() == "except")
        read_patterns(list, "except", policy_.except);
      else
        fault(key, fmt::format("there is no setting 'objects.{}'", key.str()));
    }
  }

  void read_patterns(const toml::node &node, std::string_view key,
                     std::vector<PolicyPattern> &patterns) {
    const toml::array *list = node.as_array();
    if (list == nullptr || list->empty())
      return fault(
          node,
          fmt::format("'objects.{}' must be a list that is not empty", key));
    for (const toml::node &item : *list) {
      PolicyPattern pattern;
      if (auto glob = item.value_exact<std::string>())
        pattern.glob = *glob;
      else if (const toml::table *table = item.as_table())
        read_pattern(*table, pattern);
      else
        fault(item,
              "a pattern must be a string, or a table of glob and reason");
      if (pattern.glob.empty() || pattern.glob.find_first_of(std::string_view(
                                      ",;\0", 3)) != std::string::npos)
        fault(item, fmt::format("'{}' is not a pattern: it is empty or has a "
                                "comma, a semicolon or a zero byte",
                                pattern.glob));
      if (key == "except" && pattern.reason.empty())
        fault(item,
              fmt::format("the exception '{}' needs a reason", pattern.glob));
      patterns.push_back(std::move(pattern));
    }
  }

  void read_pattern(const toml::table &table, PolicyPattern &pattern) {
    for (const auto &[key, node] : table) {
      auto text = node.value_exact<std::string>();
      bool is_glob = key.str() == "glob";
      if (!is_glob && key.str() != "reason")
        fault(key, fmt::format("a pattern has glob and reason, not '{}'",
                               key.str()));
      else if (!text)
        fault(node, fmt::format("'{}' must be a string", key.str()));
      else
        (is_glob ? pattern.glob : pattern.reason) = *text;
    }
  }

  /// What stands in the way of each other, whatever the program is.
  void refuse_conflict(const toml::table &table) {
    launch::RunRequest request;
    policy_.apply_to(request);
    const RunOptions &options = request.options;
    if (options.types != seal_type::all &&
        (options.engine != Engine::filter ||
         options.on_violation != OnViolation::deny))
      fault(
          *table.get("types"),
          "single types need engine = \"filter\" and on-violation = \"deny\": "
          "every other seal forbids all of them");
    if (options.dlopen == DlopenPolicy::seal &&
        kills_or_traps(options.on_violation))
      fault(*table.get("dlopen"),
            "'seal' lets dlclose try to unmap what is sealed, which "
            "'on-violation' punishes: say \"pin\" or \"skip\"");
  }

  Policy &policy_;
};

std::string join(const std::vector<PolicyPattern> &patterns) {
  std::string list;
  for (const PolicyPattern &pattern : patterns)
    list += (list.empty() ? "" : ",") + pattern.glob;
  return list;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + '"';
}

}  // namespace

std::string sentence(const std::string &file, const PolicyFault &fault) {
  return fault.line == 0 ? fmt::format("'{}' {}", file, fault.sentence)
                         : fmt::format("{}:{}:{}: {}", file, fault.line,
                                       fault.column, fault.sentence);
}

void Policy::apply_to(launch::RunRequest &request) const {
  for (const auto &[key, word] : words) {
    if (const auto *option = option_for(key))
      option->apply(request, word);
    else if (key == "require" && word == "true")
      request.options.requirement = Requirement::required;
    else if (key == "inherit" && word == "false")
      request.options.inheritance = Inheritance::children_unsealed;
  }
  request.options.only = only_list;
  request.options.except = except_list;
}

Policy parse_policy(const std::string &text) {
  Policy policy;
  try {
    Reader(policy).read(toml::parse(text));
  } catch (const toml::parse_error &error) {
    toml::source_position at = error.source().begin;
    policy.faults.push_back(
        {at.line, at.column,
         fmt::format("is no TOML: {}", error.description())});
  }
  policy.only_list = join(policy.only);
  policy.except_list = join(policy.except);
  std::ranges::sort(policy.faults, {}, [](const PolicyFault &fault) {
    return std::pair(fault.line, fault.column);
  });
  return policy;
}

std::string policy_text(const std::string &title,
                        const std::vector<PolicyPattern> &except) {
  std::string text;
  std::istringstream lines(title);
  for (std::string line; std::getline(lines, line);)
    text += "# " + line + "\n";
  text += "engine = \"auto\"\ndlopen = \"pin\"\non-violation = \"deny\"\n";
  for (const PolicyPattern &pattern : except)
    text += fmt::format("\n[[objects.except]]\nglob = {}\nreason = {}\n",
                        quoted(pattern.glob), quoted(pattern.reason));
  return text;
}

}  // namespace memseal::policy
