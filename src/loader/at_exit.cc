// SPDX-License-Identifier: Apache-2.0
#include "loader/at_exit.h"

#include <signal.h>
#include <sys/syscall.h>

#include "base/text_writer.h"
#include "loader/decisions.h"
#include "loader/image.h"
#include "loader/session.h"
#include "loader/settings.h"
#include "sys/memory.h"
#include "sys/page_state.h"
#include "sys/signals.h"
#include "sys/syscall.h"

namespace memseal::loader {
namespace {

/// The record itself cannot be believed: what /proc has where it points to.
std::string_view name_of_record(const LinkMap *map) {
  if (map == decided.head)
    return image_of(*decided.head).name;
  auto file =
      sys::is_mapped(reinterpret_cast<Address>(map) & ~(sys::page_size() - 1))
          ? file_mapped_at(map->l_addr)
          : std::string_view();
  return file.empty() ? "an unknown object" : file;
}

/// A line to standard error, and SIGABRT, whatever the program did about it.
[[noreturn]] void stop_exit(std::string_view what, std::string_view name) {
  static char text[8 * 1024];
  TextWriter out(text);
  out.text("exit is stopped: ").text(what).printable(name);
  tell(out.text(" was changed").view());
  static_cast<void>(sys::set_signal_action(SIGABRT, {}));
  const sys::SignalSet none = 0;
  sys::call(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof none);
  const long pid = sys::call(SYS_getpid).raw;
  sys::call(SYS_tgkill, pid, sys::call(SYS_gettid).raw, SIGABRT);
  for (;;)
    sys::call(SYS_exit_group, 128 + SIGABRT);
}

}  // namespace

void find_what_exit_uses(LinkMap *head) {
  decided.exit_tables = find_exit_tables(head);
  constexpr std::string_view why =
      "--at-exit=check needs glibc 2.35 or newer, and its records as in 2.41";
  if (!decided.exit_tables &&
      decided.options.requirement == Requirement::required)
    give_up("", why);
  // Children inherit the option, and may be programs of another libc.
  const int launched = decided.options.launched;
  if (!decided.exit_tables &&
      (launched == 0 || launched == sys::call(SYS_getpid).raw))
    tell(why);
}

void objects_go() {
  if (!decided.exit_tables)
    return;
  if (const LinkMap *map = find_changed_record(*decided.exit_tables))
    stop_exit("the loader's record of ", name_of_record(map));
  // Other threads open and close streams meanwhile: one look is no proof.
  for (int look = 0; look < 3; ++look) {
    if (!streams_are_changed(*decided.exit_tables))
      return;
    sys::call(SYS_sched_yield);
  }
  stop_exit("a stream of standard I/O", "");
}

}  // namespace memseal::loader
