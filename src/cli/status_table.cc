// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "cli/status_report.h"
#include "report/document_tool.h"

namespace memseal::cli {
namespace {

using report::printable;

std::string permissions(const process::Segment &segment) {
  std::string letters = "---p";
  if (segment.protection.readable())
    letters[0] = 'r';
  if (segment.protection.writable())
    letters[1] = 'w';
  if (segment.protection.executable())
    letters[2] = 'x';
  if (segment.sharing == Sharing::shared)
    letters[3] = 's';
  return letters;
}

/// The last column: who holds the segment in place.
std::string verdict(const process::Segment &segment, Colour colour) {
  if (segment.sealed())
    return paint(segment.engine(), Tone::good, colour);
  if (segment.partly_sealed())
    return paint(
        fmt::format("{}: {}{}", segment.engine(), words_of(segment.filter),
                    segment.downgradable ? ", downgradable" : ""),
        Tone::good, colour);
  if (process::is_sealable(segment.kind))
    return paint("not sealed", Tone::bad, colour);
  return paint("-", Tone::faint, colour);
}

bool wanted(const process::Segment &segment, Rows rows) {
  return rows == Rows::all ||
         (process::is_sealable(segment.kind) && !segment.sealed());
}

std::string share_line(const char *label, const process::Share &share,
                       Colour colour) {
  if (share.bytes == 0)
    return {};
  std::string text = fmt::format("  {:<12} {:>9} of {:>9}  {:>7}\n", label,
                                 human_size(share.sealed),
                                 human_size(share.bytes), percent(share));
  return paint(text, share.whole() ? Tone::good : Tone::plain, colour);
}

}  // namespace

std::string percent(const process::Share &share) {
  if (share.whole())
    return "100 %";
  double part = 100.0 * static_cast<double>(share.sealed) /
                static_cast<double>(share.bytes);
  return fmt::format("{:.1f} %", std::min(part, 99.9));
}

std::string words_of(SealTypes types) {
  if (types.has(seal_type::all))
    return "all";
  const std::pair<SealTypes, const char *> words[] = {
      {seal_type::seal, "seal"},     {seal_type::mprotect, "mprotect"},
      {seal_type::munmap, "munmap"}, {seal_type::mmap, "mmap"},
      {seal_type::mremap, "mremap"}, {seal_type::discard, "discard"},
  };
  std::string text;
  for (auto [type, word] : words)
    if (types.has(type))
      text += (text.empty() ? "" : " ") + std::string(word);
  return text;
}

std::string totals_of(const process::ProcessView &space, Colour colour) {
  process::Totals totals = space.totals();
  std::string text = "\n  sealed:\n";
  text += share_line("executable", totals.executable, colour);
  text += share_line("read-only", totals.read_only, colour);
  text += share_line("relro", totals.relro, colour);
  text += share_line("gaps", totals.gaps, colour);
  text += share_line("sealable", totals.sealable, colour);
  if (totals.jit.bytes != 0)
    text += fmt::format("  {} of code made at run time (jit): not sealable.\n",
                        human_size(totals.jit.bytes));
  if (!space.left_out.empty())
    text += fmt::format(
        "  It was asked to leave some of it unsealed, its environment says:\n"
        "  {}\n",
        printable(space.left_out));
  if (!space.register_doubt.empty())
    text += "  The process claims seals of a filter, which are not counted: " +
            space.register_doubt + ".\n";
  else if (space.has_register)
    text +=
        "  Seals by filter are what the process says: the kernel confirms "
        "that it\n  has a filter, not what the filter refuses.\n";
  if (!space.keeper_doubt.empty())
    text += "  A keeper has sealed something in it, which is not counted: " +
            space.keeper_doubt + ".\n";
  else if (space.keeper != 0)
    text += fmt::format(
        "  Seals by keeper are what process {}, a keeper, says. The kernel "
        "shows "
        "that it\n  listens to a filter, and that this process has the memory "
        "it looks after; not what\n  it refuses, which `memseal probe` "
        "tries.\n",
        space.keeper);
  if (totals.sealable.claimed != 0)
    text += fmt::format(
        "  Of what is sealed, {} are by the kernel itself "
        "(native, strict).\n",
        human_size(totals.sealable.sealed - totals.sealable.claimed));
  return text;
}

std::string table_of(const process::ProcessView &space, Rows rows,
                     Colour colour) {
  std::string text =
      paint(fmt::format("{} {}", space.pid, printable(space.name)),
            Tone::strong, colour);
  text += fmt::format("  {}\n", printable(space.executable));
  for (const process::Object &object : space.objects) {
    if (std::none_of(object.segments.begin(), object.segments.end(),
                     [&](const process::Segment &segment) {
                       return wanted(segment, rows);
                     }))
      continue;
    text += "\n  " + paint(printable(object.name), Tone::strong, colour);
    if (!object.note.empty())
      text += paint("  (" + object.note + ")", Tone::faint, colour);
    text += '\n';
    for (const process::Segment &segment : object.segments) {
      if (wanted(segment, rows))
        text += fmt::format(
            "    {:<10} {:012x}-{:012x}  {}  {:>8}  {}\n", name(segment.kind),
            segment.range.begin(), segment.range.end(), permissions(segment),
            human_size(segment.range.size()), verdict(segment, colour));
    }
  }
  return text + totals_of(space, colour);
}

std::string line_of(const process::ProcessView &space, int depth,
                    Colour colour) {
  process::Totals totals = space.totals();
  Tone tone = totals.sealable.whole()       ? Tone::good
              : totals.sealable.sealed == 0 ? Tone::plain
                                            : Tone::strong;
  return paint(fmt::format(
                   "{:>8}  {:<16} {:>8}  {:>8} of {:>8}", space.pid,
                   std::string(2 * static_cast<std::size_t>(depth), ' ') +
                       printable(space.name),
                   percent(totals.sealable), human_size(totals.sealable.sealed),
                   human_size(totals.sealable.bytes)),
               tone, colour) +
         '\n';
}

}  // namespace memseal::cli
