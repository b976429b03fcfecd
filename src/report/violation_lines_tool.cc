// SPDX-License-Identifier: Apache-2.0
#include "report/violation_lines_tool.h"

namespace memseal::report {
namespace {

constexpr std::size_t most_callers = 10'000;
/// Names in a line: program, thread, object, and as many of frames; JSON may
/// need six bytes for one. Frames that do not fit are left out.
constexpr std::size_t longest_line = std::size_t{512} * 1024,
                      longest_callers = std::size_t{256} * 1024;

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

void write_text(TextWriter &out, const Frame &frame) {
  if (frame.function.empty())
    out.hex(frame.address);
  else
    out.printable(frame.function);
  std::string_view place =
      frame.source.empty() ? base_name(frame.object) : frame.source;
  if (!place.empty())
    out.text(" (").printable(place).text(")");
}

void write_json(TextWriter &out, const Frame &frame) {
  out.text("{\"address\":\"").hex(frame.address);
  out.text("\",\"function\":").json(frame.function);
  out.text(",\"object\":").json(frame.object);
  out.text(",\"source\":").json(frame.source).text("}");
}

/// The end of a line, from the innermost frame outwards.
void write(TextWriter &out, Form form, std::span<const Frame> frames) {
  const bool json = form == Form::json;
  out.text(json ? ",\"frames\":[" : "");
  const char *separator = json ? "" : "; from ";
  for (const Frame &frame : frames) {
    out.text(separator);
    json ? write_json(out, frame) : write_text(out, frame);
    separator = json ? "," : " < ";
  }
  out.text(json ? "]}\n" : "\n");
}

}  // namespace

const char *name(CallOutcome outcome) {
  switch (outcome) {
    case CallOutcome::denied:
      return "denied";
    case CallOutcome::no_effect:
      return "no effect";
    case CallOutcome::permitted:
      break;
  }
  return "permitted";
}

ViolationLines::ViolationLines(Form form)
    : form_(form), room_(longest_line, '\0') {}

std::string_view ViolationLines::callers(const Backtrace *callers) {
  static const Backtrace none;
  if (callers == nullptr)
    callers = &none;
  if (callers_.size() >= most_callers)
    callers_.clear();
  auto [known, is_new] = callers_.try_emplace(callers->number);
  std::string &text = known->second;
  std::span<const Frame> frames = callers->frames;
  for (; is_new; frames = frames.first(frames.size() / 2)) {
    text.assign(longest_callers, '\0');
    TextWriter out(text);
    write(out, form_, frames);
    if (!out.cut()) {
      text = std::string(out.view());
      break;
    }
  }
  return text;
}

void ViolationLines::write_text(TextWriter &out, const Violation &violation) {
  out.printable(violation.text).text(" on ");
  if (violation.sealed == nullptr) {
    out.text("unknown pages");
  } else {
    out.text(violation.sealed->segment).text(" of ");
    out.printable(violation.sealed->object).text("+").hex(violation.offset);
  }
  out.text(": ").text(name(violation.outcome));
}

void ViolationLines::write_json(TextWriter &out, const Violation &violation) {
  out.text(",\"thread\":").json(violation.thread);
  out.text(",\"call\":").json(violation.call);
  out.text(",\"text\":").json(violation.text);
  out.text(",\"outcome\":").json(name(violation.outcome));
  if (violation.sys_errno != 0)
    out.text(",\"errno\":")
        .decimal(static_cast<std::uint64_t>(violation.sys_errno));
  if (violation.sealed != nullptr) {
    out.text(",\"object\":").json(violation.sealed->object);
    out.text(",\"segment\":").json(violation.sealed->segment);
    out.text(",\"offset\":\"").hex(violation.offset).text("\"");
  }
  if (violation.touched) {
    out.text(",\"begin\":\"").hex(violation.touched->begin());
    out.text("\",\"end\":\"").hex(violation.touched->end()).text("\"");
  }
}

std::string_view ViolationLines::line(const Violation &violation) {
  TextWriter out(room_);
  write_head(out, form_, "violation",
             {.time = violation.time,
              .pid = violation.pid,
              .tid = violation.tid,
              .program = violation.program});
  form_ == Form::json ? write_json(out, violation) : write_text(out, violation);
  out.text(callers(violation.callers));
  return out.view();
}

std::string summary_line(Form form, const Subject &subject,
                         const ViolationCounts &counts) {
  std::string room(std::size_t{64} * 1024, '\0');
  TextWriter out(room);
  write_head(out, form, "summary", subject);
  if (form == Form::json) {
    out.text(",\"violations\":").decimal(counts.violations);
    out.text(",\"vanished\":").decimal(counts.vanished);
    out.text(",\"lost\":").decimal(counts.lost).text("}\n");
  } else {
    out.decimal(counts.violations + counts.vanished).text(" violations, ");
    out.decimal(counts.vanished).text(" by threads that ended before they ");
    out.text("were looked at, ").decimal(counts.lost);
    out.text(" not told as they could not be written\n");
  }
  return std::string(out.view());
}

}  // namespace memseal::report
