// SPDX-License-Identifier: Apache-2.0
#include "process/status.h"

#include <algorithm>
#include <limits>

#include "sys/proc_text.h"

namespace memseal::process {
namespace {

template <typename Number>
Number number(std::string_view text) {
  auto value = sys::leading_number(text).value_or(0);
  return value <= static_cast<std::uint64_t>(std::numeric_limits<Number>::max())
             ? static_cast<Number>(value)
             : Number{0};
}

/// Real, effective, saved, and that of the file system.
Ids ids_in(std::string_view text) {
  Ids ids;
  for (unsigned *id : {&ids.real, &ids.effective, &ids.saved}) {
    auto value = sys::leading_number(text);
    if (!value || *value > std::numeric_limits<unsigned>::max())
      return {};
    *id = static_cast<unsigned>(*value);
    text.remove_prefix(std::min(text.find('\t'), text.size()));
    text.remove_prefix(text.empty() ? 0 : 1);
  }
  ids.known = true;
  return ids;
}

/// Undoes the two escapes that the kernel writes in a name.
/// Source: Linux, fs/proc/array.c, proc_task_name.
std::string unescape(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool escape = text[i] == '\\' && i + 1 < text.size();
    if (escape)
      ++i;
    name += escape && text[i] == 'n' ? '\n' : text[i];
  }
  return name;
}

/// The line as it is: blanks at its ends are of the name.
std::string_view name_in(std::string_view text) {
  constexpr std::string_view key = "Name:\t";
  return text.starts_with(key)
             ? text.substr(key.size(), text.find('\n') - key.size())
             : std::string_view();
}

}  // namespace

Status parse_status(std::string_view text) {
  Status status;
  status.name = unescape(name_in(text));
  if (auto state = sys::status_field(text, "State"); !state.empty())
    status.state = state.front();
  status.process = number<pid_t>(sys::status_field(text, "Tgid"));
  status.parent = number<pid_t>(sys::status_field(text, "PPid"));
  status.tracer = number<pid_t>(sys::status_field(text, "TracerPid"));
  status.user = ids_in(sys::status_field(text, "Uid"));
  status.group = ids_in(sys::status_field(text, "Gid"));
  status.seccomp_mode = number<int>(sys::status_field(text, "Seccomp"));
  status.seccomp_filters =
      number<int>(sys::status_field(text, "Seccomp_filters"));
  return status;
}

}  // namespace memseal::process
