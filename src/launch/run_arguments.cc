// SPDX-License-Identifier: Apache-2.0
#include "launch/run_arguments.h"

#include <array>

namespace memseal::launch {
namespace {

/// A word that options/ knows how to read.
template <auto Parse, auto Member>
bool apply_parsed(RunRequest &request, std::string_view value) {
  auto parsed = Parse(value);
  if (parsed)
    request.options.*Member = *parsed;
  return parsed.has_value();
}

bool apply_strict(RunRequest &request, std::string_view) {
  request.options.engine = strict_tree;
  return true;
}

/// A pattern list may hold anything but the separator of MEMSEAL_OPTIONS.
bool is_pattern_list(std::string_view value) {
  return !value.empty() && value.find(';') == std::string_view::npos;
}

bool apply_only(RunRequest &request, std::string_view value) {
  request.options.only = value;
  return is_pattern_list(value);
}

bool apply_except(RunRequest &request, std::string_view value) {
  request.options.except = value;
  return is_pattern_list(value);
}

bool apply_require(RunRequest &request, std::string_view) {
  request.options.requirement = Requirement::required;
  return true;
}

bool apply_report(RunRequest &request, std::string_view value) {
  request.options.report = value.empty() ? "-" : value;
  return true;
}

bool apply_no_inherit(RunRequest &request, std::string_view) {
  request.options.inheritance = Inheritance::children_unsealed;
  return true;
}

bool apply_how(RunRequest &request, std::string_view value) {
  constexpr std::array<std::string_view, 5> words{"auto", "audit", "preload",
                                                  "trace", "trace-children"};
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == value) {
      request.how = static_cast<How>(i);
      return true;
    }
  }
  return false;
}

bool apply_provide(RunRequest &request, std::string_view value) {
  constexpr std::array<std::string_view, 3> words{"auto", "always", "never"};
  if (value.empty())
    value = words[0];
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == value) {
      request.provide = static_cast<Provide>(i);
      return true;
    }
  }
  return false;
}

bool apply_policy(RunRequest &request, std::string_view value) {
  request.policy = value;
  return !value.empty();
}

constexpr RunOption options[] = {
    {"--engine", Value::needed, "auto|native|filter|keeper|strict",
     "what enforces the seals: native is mseal(2); filter a seccomp filter for "
     "this one program; keeper a filter and a process beside it for the whole "
     "tree; strict native and keeper; auto native where mseal(2) is there, "
     "else keeper",
     apply_parsed<parse_engine, &RunOptions::engine>},
    {"--strict", Value::none, "",
     "short for --engine=strict: closes the holes mseal(2) leaves",
     apply_strict},
    {"--only", Value::needed, "GLOB,...",
     "seal only objects with these names (with a slash: paths)", apply_only},
    {"--except", Value::needed, "GLOB,...",
     "seal all objects but these; wins over --only", apply_except},
    {"--segments", Value::needed, "text,rodata,relro",
     "seal only these of each object: code, read-only data, what is read-only "
     "once it is relocated",
     apply_parsed<parse_segments, &RunOptions::segments>},
    {"--types", Value::needed, "TYPE,...",
     "with --engine=filter, forbid only these acts: seal, mprotect, munmap, "
     "mmap, mremap, discard; all, the default, is the only word for the other "
     "engines",
     apply_parsed<parse_types, &RunOptions::types>},
    {"--dlopen", Value::needed, "pin|seal|skip",
     "libraries loaded later: seal and never unload; seal and leave mapped; "
     "leave unsealed",
     apply_parsed<parse_dlopen, &RunOptions::dlopen>},
    {"--relro", Value::needed, "anonymous|file",
     "with mseal(2): make read-only data that was relocated anonymous memory, "
     "which no advice can discard, before it is sealed (the default); or leave "
     "it its file's",
     apply_parsed<parse_relro, &RunOptions::relro>},
    {"--slots", Value::needed, "keep|seal",
     "seal: take the words through which objects call each other, bound early, "
     "to sealed memory; keep (the default): leave them where they are, "
     "writable",
     apply_parsed<parse_slots, &RunOptions::slots>},
    {"--at-exit", Value::needed, "ignore|check",
     "check: abort if the loader's records of objects or stdio's streams, "
     "through which exit calls, were changed (glibc 2.35, as auditor)",
     apply_parsed<parse_at_exit, &RunOptions::at_exit>},
    {"--require", Value::none, "",
     "exit 125 rather than run less sealed than asked", apply_require},
    {"--report", Value::optional, "FILE",
     "write what was sealed, what not, and why: to standard error, or appended "
     "to FILE (JSON if it ends in .json)",
     apply_report},
    {"--no-inherit", Value::none, "",
     "children start unsealed; by default they are sealed too",
     apply_no_inherit},
    {"--provide-mseal", Value::optional, "auto|always|never",
     "serve mseal(2) to a program that calls it; auto (the default) does so "
     "where the kernel has none",
     apply_provide},
    {"--how", Value::needed, "auto|audit|preload|trace|trace-children",
     "how the program gets to be sealed; auto looks at it; trace-children "
     "keeps "
     "a tracer that seals what its children execute",
     apply_how},
    {"--on-violation", Value::needed, "deny|report|kill|trap",
     "a call that a seal forbids fails; report: and is written down, with its "
     "caller; kill: the process ends; trap: the thread gets SIGSYS",
     apply_parsed<parse_on_violation, &RunOptions::on_violation>},
    {"--policy", Value::needed, "FILE|none",
     "take the settings from this policy file, or from none, rather than from "
     "the program's own in ~/.config/memseal or /etc/memseal; options win",
     apply_policy},
};

const RunOption *find(std::string_view name) {
  for (const RunOption &option : options) {
    if (option.name == name)
      return &option;
  }
  return nullptr;
}

/// Applies the option at *arguments; returns where the next word is, null if
/// this one is not understood.
char **take_option(RunRequest &request, char **arguments) {
  std::string_view word = *arguments++;
  std::size_t equals = word.find('=');
  bool joined = equals != std::string_view::npos;
  const RunOption *option = find(word.substr(0, equals));
  if (option == nullptr || (joined && option->value == Value::none))
    return nullptr;

  std::string_view value = joined ? word.substr(equals + 1) : "";
  if (!joined && option->value == Value::needed) {
    if (*arguments == nullptr)
      return nullptr;
    value = *arguments++;
  }
  if (joined && value.empty())
    return nullptr;
  return option->apply(request, value) ? arguments : nullptr;
}

}  // namespace

std::span<const RunOption> run_options() {
  return options;
}

Result<RunRequest> parse_run_arguments(char **arguments, RunRequest request) {
  while (*arguments != nullptr && **arguments == '-') {
    if (std::string_view(*arguments) == "--") {
      ++arguments;
      break;
    }
    arguments = take_option(request, arguments);
    if (arguments == nullptr)
      return fail(Errc::malformed);
  }
  if (*arguments == nullptr)
    return fail(Errc::malformed);
  request.program = arguments;
  return request;
}

}  // namespace memseal::launch
