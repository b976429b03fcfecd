// SPDX-License-Identifier: Apache-2.0
#include "loader/start_stack.h"

#include <linux/limits.h>
#include <sys/syscall.h>

#include <charconv>
#include <cstring>
#include <utility>

#include "base/text_writer.h"
#include "options/run_options.h"
#include "options/unfiltered_claim.h"
#include "sys/auxiliary_vector.h"
#include "sys/library_list.h"
#include "sys/syscall.h"

namespace memseal::loader {
namespace {

constexpr std::string_view surplus_tunable = "glibc.rtld.optional_static_tls=";

/// The text after "NAME=", null if the string is of another variable.
char *value_in(char *string, std::string_view name) {
  for (char c : name) {
    if (*string++ != c)
      return nullptr;
  }
  return *string == '=' ? string + 1 : nullptr;
}

/// The audit and the preload module.
class Modules {
public:
  explicit Modules(std::string_view one_of_them)
      : folder_(one_of_them.substr(0, one_of_them.rfind('/') + 1)) {}

  bool hold(std::string_view entry) const {
    return is(entry, "libmemseal-audit.so") ||
           is(entry, "libmemseal-preload.so");
  }

private:
  bool is(std::string_view entry, std::string_view name) const {
    static char text[PATH_MAX];
    TextWriter path(text);
    path.text(folder_).text(name).text({"\0", 1});
    if (folder_.empty() || path.cut())
      return entry.substr(entry.rfind('/') + 1) == name;
    return sys::LibraryFile(text).is(entry);
  }

  std::string_view folder_;
};

/// Drops entries of a list in place, and the separator before or after each.
template <typename Drops>
void filter_list(char *value, std::string_view separators, Drops drops) {
  char *out = value;
  const char *in = value;
  bool first = true;
  while (true) {
    std::size_t size = std::string_view(in).find_first_of(separators);
    bool last = size == std::string_view::npos;
    if (last)
      size = std::strlen(in);
    char separator = first ? '\0' : in[-1];
    if (!drops(std::string_view(in, size), last)) {
      if (out != value)
        *out++ = separator;
      std::memmove(out, in, size);
      out += size;
    }
    if (last)
      break;
    in += size + 1;
    first = false;
  }
  *out = '\0';
}

/// Whether nothing of the variable is left.
bool forget_in(char *string, const Modules &modules) {
  if (value_in(string, options_variable) != nullptr)
    return true;
  for (auto [name, syntax] :
       {std::pair{"LD_AUDIT", sys::ListSyntax::audit},
        std::pair{"LD_PRELOAD", sys::ListSyntax::preload}}) {
    if (char *value = value_in(string, name)) {
      bool had_one = *value != '\0';
      filter_list(
          value, sys::separators_of(syntax),
          [&](std::string_view entry, bool) { return modules.hold(entry); });
      return had_one && *value == '\0';
    }
  }
  if (char *value = value_in(string, "GLIBC_TUNABLES")) {
    bool had_one = *value != '\0';
    filter_list(value, ":", [](std::string_view entry, bool last) {
      return last && entry.starts_with(surplus_tunable);
    });
    return had_one && *value == '\0';
  }
  return false;
}

}  // namespace

char **find_environment(LinkMap *head) {
  // ld.so comes last in its own list.
  LinkMap *last = head;
  while (last->l_next != nullptr)
    last = last->l_next;
  for (LinkMap *map = last; map != nullptr; map = map->l_prev) {
    auto *stack_end =
        static_cast<unsigned long **>(find_symbol(*map, "__libc_stack_end"));
    if (stack_end == nullptr || *stack_end == nullptr)
      continue;
    // argc, argv, a null pointer, the environment, a null pointer, the vector.
    unsigned long *at = *stack_end;
    char **environment = reinterpret_cast<char **>(at + 1 + *at + 1);
    char **end = environment;
    while (*end != nullptr)
      ++end;
    sys::set_auxiliary_vector(reinterpret_cast<unsigned long *>(end + 1));
    return environment;
  }
  return nullptr;
}

std::optional<std::string_view> variable(char *const *environment,
                                         std::string_view name) {
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    if (char *value = value_in(*environment, name))
      return value;
  }
  return std::nullopt;
}

bool take_unfiltered_claim(char **environment) {
  if (environment == nullptr)
    return false;
  for (; *environment != nullptr; ++environment) {
    const char *value = value_in(*environment, unfiltered_variable);
    if (value == nullptr)
      continue;
    for (char **at = environment; *at != nullptr; ++at)
      at[0] = at[1];
    long number = 0;
    auto [end, error] =
        std::from_chars(value, value + std::strlen(value), number);
    return error == std::errc() && *end == '\0' &&
           number == sys::call(SYS_getpid).raw;
  }
  return false;
}

void forget_memseal(char **environment, std::string_view module) {
  if (environment == nullptr)
    return;
  Modules modules(module);
  char **kept = environment;
  for (; *environment != nullptr; ++environment) {
    if (!forget_in(*environment, modules))
      *kept++ = *environment;
  }
  *kept = nullptr;
}

}  // namespace memseal::loader
