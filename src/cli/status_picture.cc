// SPDX-License-Identifier: Apache-2.0
//
// A picture of an address space on a terminal. Addresses are spread over 128
// TiB, so to scale it would show nothing: neighbours share a line, a hole of
// more than a few MiB is one line that names its size, and a segment is as many
// cells wide as its size has doublings of a page. The letter tells what it is.
// Upper case is sealed, lower case could be and is not; what is not to be
// sealed is a faint sign. Colour repeats that and adds nothing.
#include <fmt/format.h>

#include <bit>

#include "cli/status_report.h"
#include "report/document_tool.h"
#include "sys/memory.h"

namespace memseal::cli {
namespace {

using report::printable;

constexpr std::uint64_t worth_a_line = std::uint64_t{16} << 20;

/// The signs of memory that is writable by design stand for themselves.
char sign_of(process::SegmentKind kind) {
  switch (kind) {
    case process::SegmentKind::text:
      return 't';
    case process::SegmentKind::rodata:
      return 'r';
    case process::SegmentKind::relro:
      return 'l';
    case process::SegmentKind::gap:
      return 'g';
    case process::SegmentKind::vdso:
    case process::SegmentKind::vvar:
      return 'v';
    case process::SegmentKind::data:
      return '=';
    case process::SegmentKind::heap:
      return '+';
    case process::SegmentKind::stack:
      return '^';
    case process::SegmentKind::jit:
      return '!';
    case process::SegmentKind::file:
      return ':';
    case process::SegmentKind::shared:
      return '%';
    case process::SegmentKind::reserved:
      return '.';
    case process::SegmentKind::anonymous:
      return '-';
    case process::SegmentKind::kernel:
      return '#';
  }
  return '?';
}

std::string cells(const process::Segment &segment, Colour colour) {
  char sign = sign_of(segment.kind);
  Tone tone =
      segment.kind == process::SegmentKind::jit ? Tone::bad : Tone::faint;
  if (segment.sealed()) {
    if ('a' <= sign && sign <= 'z')
      sign = static_cast<char>(sign - 'a' + 'A');
    tone = Tone::good;
  } else if (process::is_sealable(segment.kind)) {
    tone = Tone::bad;
  }
  std::uint64_t pages = segment.range.size() / sys::page_size();
  return paint(std::string(std::bit_width(pages), sign), tone, colour);
}

std::size_t width(const process::Segment &segment) {
  return std::bit_width(segment.range.size() / sys::page_size());
}

std::string file_name(const std::string &path) {
  return path.starts_with('/') ? path.substr(path.rfind('/') + 1) : path;
}

std::string legend(Colour colour) {
  return "\n  " + paint("TRLGV", Tone::good, colour) + " sealed  " +
         paint("trlgv", Tone::bad, colour) +
         " not sealed: text, rodata, relro, gap, vdso and vvar\n  " +
         paint("=", Tone::faint, colour) + " data  " +
         paint("+", Tone::faint, colour) + " heap  " +
         paint("^", Tone::faint, colour) + " stack  " +
         paint("-", Tone::faint, colour) + " anonymous  " +
         paint(".", Tone::faint, colour) + " reserved  " +
         paint(":", Tone::faint, colour) + " file  " +
         paint("%", Tone::faint, colour) + " shared  " +
         paint("#", Tone::faint, colour) + " kernel's  " +
         paint("!", Tone::bad, colour) + " jit\n" +
         "  Each cell more is twice the size; one cell is a page.\n";
}

}  // namespace

std::string picture_of(const process::ProcessView &space, int columns,
                       Colour colour) {
  std::string text =
      paint(fmt::format("{} {}", space.pid, printable(space.name)),
            Tone::strong, colour) +
      fmt::format("  {}\n\n", printable(space.executable));
  constexpr std::size_t margin = 2 + 12 + 2;
  std::size_t room = static_cast<std::size_t>(columns) - margin;
  std::size_t label_room = 22, bar_room = room - label_room - 2;
  Address end = 0;
  for (const process::Object &object : space.objects) {
    // vsyscall lies in the kernel's half: no mapping, and 16 EiB away.
    if (object.segments.front().range.begin() > INT64_MAX)
      continue;
    std::string label = printable(file_name(object.name));
    if (label.size() > label_room)
      label = label.substr(0, label_room - 3) + "...";
    Address begin = object.segments.front().range.begin();
    if (end != 0 && begin - end >= worth_a_line)
      text += paint(fmt::format("  {:>12}  {:<{}}  {} of nothing\n", "", "",
                                label_room, human_size(begin - end)),
                    Tone::faint, colour);
    text += fmt::format("  {:012x}  {:<{}}  ", begin, label, label_room);
    std::size_t drawn = 0;
    for (const process::Segment &segment : object.segments) {
      if (drawn + width(segment) > bar_room && drawn != 0) {
        text += fmt::format("\n  {:12}  {:<{}}  ", "", "", label_room);
        drawn = 0;
      }
      text += cells(segment, colour);
      drawn += width(segment);
      end = segment.range.end();
    }
    text += '\n';
  }
  return text + legend(colour) + totals_of(space, colour);
}

}  // namespace memseal::cli
