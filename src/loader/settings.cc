// SPDX-License-Identifier: Apache-2.0
#include "loader/settings.h"

#include <sys/syscall.h>

#include <cstring>

#include "base/text_writer.h"
#include "loader/decisions.h"
#include "loader/start_stack.h"
#include "report/report_file.h"
#include "sys/auxiliary_vector.h"
#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal::loader {

void tell(std::string_view sentence) {
  static char text[8 * 1024];
  TextWriter out(text);
  out.text("memseal: ").text(sentence).text("\n");
  if (auto file = report::ReportFile::open("-"))
    static_cast<void>(file->append(out.view(), report::Patience::short_ms));
}

void give_up(std::string_view what, std::string_view why) {
  static char text[8 * 1024];
  TextWriter out(text);
  tell(out.printable(what).text(why).view());
  for (;;)
    sys::call(SYS_exit_group, 125);
}

namespace {

/// A program may write its title over its arguments and its environment
/// (setproctitle(3), nginx), long before the last library is opened: what is
/// still needed then lies elsewhere. Without memory for it, it stays.
std::string_view keep(std::string_view text) {
  char *at = decided.text;
  std::optional<PageRange> pages;
  if (text.size() > sizeof decided.text) {
    auto mapped = sys::map_anonymous(text.size());
    if (!mapped)
      return text;
    pages = *mapped;
    at = reinterpret_cast<char *>(pages->begin());
  }
  std::memcpy(at, text.data(), text.size());
  if (pages)
    static_cast<void>(sys::protect(*pages, {Protection::read}));
  return {at, text.size()};
}

}  // namespace

RunOptions read_options(char **environment) {
  // A setuid program's environment is somebody else's: a report would be
  // written with rights that its author does not have.
  if (sys::auxiliary_value(AT_SECURE) != 0)
    return {};
  std::string_view text = keep(
      variable(environment, options_variable).value_or(std::string_view()));
  Result<RunOptions> options = parse_run_options(text);
  if (options)
    return *options;
  if (text.find("require") != std::string_view::npos)
    give_up("MEMSEAL_OPTIONS is not understood", "");
  tell("MEMSEAL_OPTIONS is not understood; nothing is sealed");
  RunOptions nothing;
  nothing.except = "*";
  return nothing;
}

}  // namespace memseal::loader
