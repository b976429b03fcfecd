// SPDX-License-Identifier: Apache-2.0
#include "loader/report.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/syscall.h>

#include <cstring>

#include "base/text_writer.h"
#include "sys/syscall.h"

namespace memseal::loader {
namespace {

enum class Form : std::uint8_t { text, json };

// One report at a time: the loader's lock is held, or there is one thread.
char buffer[32 * 1024];

struct Line {
  long pid;
  std::string_view object;
  const elf::Part *part;  ///< null: the whole object
  Outcome outcome;
  Enforcer enforcer;
};

void write_text(TextWriter &out, const Line &line) {
  out.decimal(static_cast<std::uint64_t>(line.pid)).text(" ");
  out.text(line.object);
  if (line.part != nullptr) {
    out.text(" ").hex(line.part->range.begin()).text("-");
    out.hex(line.part->range.end()).text(" ").text(elf::name(line.part->kind));
  }
  if (line.outcome.sealed())
    out.text(" sealed ").text(name(line.enforcer));
  else
    out.text(" not sealed: ").text(sentence(line.outcome));
  if (line.outcome.sys_errno != 0)
    out.text(", errno ")
        .decimal(static_cast<std::uint64_t>(line.outcome.sys_errno));
  out.text("\n");
}

void write_json(TextWriter &out, const Line &line) {
  out.text("{\"pid\":").decimal(static_cast<std::uint64_t>(line.pid));
  out.text(",\"object\":").json(line.object);
  if (line.part != nullptr) {
    out.text(",\"begin\":\"").hex(line.part->range.begin());
    out.text("\",\"end\":\"").hex(line.part->range.end());
    out.text("\",\"kind\":\"").text(elf::name(line.part->kind)).text("\"");
  }
  if (line.outcome.sealed()) {
    out.text(",\"sealed\":true,\"engine\":\"").text(name(line.enforcer));
    out.text("\"");
  } else {
    out.text(",\"sealed\":false,\"reason\":\"");
    out.text(name(line.outcome.reason)).text("\",\"sentence\":");
    out.json(sentence(line.outcome));
  }
  if (line.outcome.sys_errno != 0)
    out.text(",\"errno\":")
        .decimal(static_cast<std::uint64_t>(line.outcome.sys_errno));
  out.text("}\n");
}

void append(std::string_view file, std::string_view lines) {
  if (file == "-") {
    sys::call(SYS_write, 2, lines.data(), lines.size());
    return;
  }
  char path[PATH_MAX];
  if (file.size() >= sizeof path)
    return;
  std::memcpy(path, file.data(), file.size());
  path[file.size()] = '\0';
  sys::Answer fd =
      sys::call(SYS_openat, AT_FDCWD, path,
                O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
  if (fd.failed())
    return;
  sys::call(SYS_write, fd.raw, lines.data(), lines.size());
  sys::call(SYS_close, fd.raw);
}

}  // namespace

void report(std::string_view file, std::string_view object,
            const ObjectOutcome &outcome, Enforcer enforcer) {
  Form form = file.ends_with(".json") ? Form::json : Form::text;
  TextWriter out(buffer);
  Line line{.pid = sys::call(SYS_getpid).raw,
            .object = object,
            .part = nullptr,
            .outcome = outcome.whole,
            .enforcer = enforcer};
  auto write = [&] {
    form == Form::json ? write_json(out, line) : write_text(out, line);
  };
  if (outcome.parts.empty())
    write();
  for (const PartOutcome &item : outcome.parts) {
    line.part = &item.part;
    line.outcome = item.outcome;
    write();
    if (out.view().size() > sizeof buffer / 2) {
      append(file, out.view());
      out.clear();
    }
  }
  append(file, out.view());
}

}  // namespace memseal::loader
