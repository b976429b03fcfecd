// SPDX-License-Identifier: Apache-2.0
#include "report/record.h"

namespace memseal::report {

Form form_of(std::string_view file) {
  if (file == "-")
    return Form::text;
  return file.ends_with(".json") ? Form::json : Form::dated_text;
}

TextWriter &write_head(TextWriter &out, Form form, const char *type,
                       const Subject &subject) {
  const auto pid = static_cast<std::uint64_t>(subject.pid);
  const auto tid = static_cast<std::uint64_t>(subject.tid);
  if (form == Form::json) {
    out.text("{\"schema\":").decimal(schema).text(",\"type\":\"").text(type);
    write(out.text("\",\"time\":\""), subject.time).text("\",\"pid\":");
    out.decimal(pid);
    if (tid != 0)
      out.text(",\"tid\":").decimal(tid);
    return out.text(",\"program\":").json(subject.program);
  }
  if (form == Form::dated_text)
    write(out, subject.time).text(" ");
  else
    out.text("memseal: ");
  std::string_view name = subject.program;
  name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
  out.printable(name).text("[").decimal(pid);
  if (tid != 0)
    out.text("/").decimal(tid);
  return out.text("]: ");
}

}  // namespace memseal::report
