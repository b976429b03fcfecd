// SPDX-License-Identifier: Apache-2.0
#include "loader/report.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/syscall.h>

#include <algorithm>
#include <utility>

#include "base/text_writer.h"
#include "loader/decisions.h"
#include "loader/relro_copy.h"
#include "loader/settings.h"
#include "loader/state.h"
#include "report/report_file.h"
#include "report/seal_line.h"
#include "sys/syscall.h"

namespace memseal::loader {
namespace {

// One report at a time: the loader's lock is held, or there is one thread. But
// that may be one with a small stack.
char buffer[2 * report::longest_seal_line];

/// What this process executes; as the list of objects has it if /proc is not
/// there.
std::string_view program() {
  static char path[PATH_MAX];
  static std::size_t size = 0;
  if (size == 0) {
    sys::ReturnValue read = sys::call(SYS_readlinkat, AT_FDCWD,
                                      "/proc/self/exe", path, sizeof path);
    if (read.failed())
      return image_of(*decided.head).name;
    size = static_cast<std::size_t>(read.raw);
  }
  return {path, size};
}

const char *file_name() {
  static char name[PATH_MAX];
  const std::string_view file = decided.options.report;
  if (file.size() < sizeof name)
    *std::copy(file.begin(), file.end(), name) = '\0';
  return name;
}

bool standard_error_is_the_users() {
  return !decided.options.standard_error ||
         report::identity_of(2) == decided.options.standard_error;
}

bool is_required() {
  return decided.options.requirement == Requirement::required;
}

/// What mseal(2) seals, and how far, depends on it: S-63.
std::string_view memory_of(const PartOutcome &item) {
  if (item.part.kind != elf::PartKind::relro || !item.outcome.sealed() ||
      !decided.engine.has(Engine::native))
    return {};
  return relro_was_moved(item.part.range) ? "anonymous" : "file";
}

}  // namespace

Result<void> write_report(std::string_view object, const ObjectOutcome &outcome,
                          const ReportedSegment &segment) {
  const std::string_view name = decided.options.report;
  if (name == "-" && !standard_error_is_the_users())
    return {};
  auto file = MEMSEAL_TRY(report::ReportFile::open(file_name()));
  const auto patience = is_required()          ? report::Patience::long_ms
                        : state.report_is_torn ? report::Patience::none_ms
                                               : report::Patience::short_ms;
  TextWriter out(buffer);
  report::SealLine line{
      .subject = {.time = report::Timestamp::now(),
                  .pid = static_cast<int>(sys::call(SYS_getpid).raw),
                  .program = program()},
      .object = object,
      .segment = segment.name,
      .range = segment.range,
      .outcome = outcome.whole,
      .slots = segment.count,
      .engine = memseal::name(decided.engine)};
  if (outcome.parts.empty())
    write(out, report::form_of(name), line);
  for (const PartOutcome &item : outcome.parts) {
    line.segment = elf::name(item.part.kind);
    line.range = item.part.range;
    line.outcome = item.outcome;
    line.memory = memory_of(item);
    write(out, report::form_of(name), line);
    if (out.view().size() > sizeof buffer - report::longest_seal_line) {
      MEMSEAL_TRY_VOID(file.append(out.view(), patience));
      out.clear();
    }
  }
  return file.append(out.view(), patience);
}

void tell_unwritten(const Error &error) {
  TextWriter out(buffer);
  out.text("the report '").printable(decided.options.report);
  out.text("' cannot be written: ").text(report::why_unwritten(error));
  if (is_required())
    give_up("", out.text(", but --require asks for it").view());
  if (std::exchange(state.report_is_torn, true) ||
      !standard_error_is_the_users())
    return;
  out.text("; the program goes on without one");
  tell(out.view());
}

}  // namespace memseal::loader
