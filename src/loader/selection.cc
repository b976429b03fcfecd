// SPDX-License-Identifier: Apache-2.0
#include "loader/selection.h"

#include <sys/syscall.h>

#include "base/text_writer.h"
#include "loader/decisions.h"
#include "loader/passes.h"
#include "loader/settings.h"
#include "loader/state.h"
#include "options/glob.h"
#include "sys/syscall.h"

namespace memseal::loader {
namespace {

constinit PatternsMet met;

void tell_unmatched(std::string_view patterns, std::uint64_t matched) {
  for (std::uint64_t bit = 1; !patterns.empty();
       bit <<= bit >> 63 != 0 ? 0 : 1) {
    std::size_t comma = patterns.find(',');
    std::string_view pattern = patterns.substr(0, comma);
    patterns.remove_prefix(pattern.size() +
                           (comma == std::string_view::npos ? 0 : 1));
    if (!pattern.empty() && (matched & bit) == 0)
      leave_segment(pattern, {}, Reason::matches_nothing);
  }
}

/// The name of its file; empty if it cannot be told. Not by its dynamic
/// section, which may have been moved to anonymous memory with RELRO.
std::string_view file_of(const Image &image) {
  static constinit elf::Layout layout;
  if (image.map == nullptr || !layout_of(image, layout))
    return {};
  return file_mapped_at(layout.extent().begin());
}

}  // namespace

bool is_selected(const Image &image) {
  const RunOptions &options = decided.options;
  if (options.only.empty() && options.except.empty())
    return true;
  return selects(options, image.name, file_of(image), &met);
}

void tell_unmatched_patterns() {
  const RunOptions &options = decided.options;
  tell_unmatched(options.only, met.only);
  tell_unmatched(options.except, met.except);
  if (options.only.empty() || met.only != 0)
    return;
  if (options.requirement == Requirement::required)
    give_up("",
            "--only names no object that the program starts with, but "
            "--require asks for a seal");
  if (options.launched != sys::call(SYS_getpid).raw || !options.report.empty())
    return;
  static char text[8 * 1024];
  TextWriter out(text);
  out.text("'").printable(image_of(*decided.head).name);
  tell(out.text("' starts unsealed: --only names no object that it starts with")
           .view());
}

}  // namespace memseal::loader
