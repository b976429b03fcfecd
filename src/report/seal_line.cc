// SPDX-License-Identifier: Apache-2.0
#include "report/seal_line.h"

namespace memseal::report {
namespace {

std::string_view sentence_of(const SealLine &line) {
  return line.sentence.empty() ? sentence(line.outcome) : line.sentence;
}

void write_text(TextWriter &out, const SealLine &line) {
  out.printable(line.object);
  if (line.range) {
    out.text(" ").hex(line.range->begin());
    out.text("-").hex(line.range->end());
  }
  if (!line.segment.empty())
    out.text(" ").text(line.segment);
  if (line.outcome.sealed())
    out.text(" sealed ")
        .text(line.engine)
        .text(line.memory == "file" ? ", as memory of its file" : "");
  else
    out.text(" not sealed: ").printable(sentence_of(line));
  if (line.slots != 0)
    out.text(", ").decimal(line.slots).text(" of them");
  if (line.outcome.sys_errno != 0)
    out.text(", errno ")
        .decimal(static_cast<std::uint64_t>(line.outcome.sys_errno));
}

void write_json(TextWriter &out, const SealLine &line) {
  out.text(",\"object\":").json(line.object);
  if (!line.segment.empty())
    out.text(",\"segment\":").json(line.segment);
  if (line.range) {
    out.text(",\"begin\":\"").hex(line.range->begin());
    out.text("\",\"end\":\"").hex(line.range->end()).text("\"");
  }
  if (line.slots != 0)
    out.text(",\"slots\":").decimal(line.slots);
  if (line.outcome.sealed()) {
    out.text(",\"sealed\":true,\"engine\":").json(line.engine);
    if (!line.memory.empty())
      out.text(",\"memory\":").json(line.memory);
  } else {
    out.text(",\"sealed\":false,\"reason\":").json(name(line.outcome.reason));
    out.text(",\"sentence\":").json(sentence_of(line));
  }
  if (line.outcome.sys_errno != 0)
    out.text(",\"errno\":")
        .decimal(static_cast<std::uint64_t>(line.outcome.sys_errno));
  out.text("}");
}

}  // namespace

void write(TextWriter &out, Form form, const SealLine &line) {
  write_head(out, form, "seal", line.subject);
  form == Form::json ? write_json(out, line) : write_text(out, line);
  out.text("\n");
}

}  // namespace memseal::report
