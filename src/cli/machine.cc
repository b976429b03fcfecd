// SPDX-License-Identifier: Apache-2.0
#include "cli/machine.h"

#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <sys/utsname.h>

#include <nlohmann/json.hpp>

#include "report/document_tool.h"

namespace memseal::cli {

Machine Machine::here() {
  utsname name{};
  uname(&name);
  char time[64];
  TextWriter out(time);
  return {
      .host = name.nodename,
      .kernel = name.release,
      .architecture = name.machine,
      .libc = fmt::format("glibc {}", gnu_get_libc_version()),
      .time = std::string(report::write(out, report::Timestamp::now()).view())};
}

std::string Machine::line() const {
  return report::printable(fmt::format(
      "{}, Linux {} {}, {}, {}, memseal {}", host, kernel, architecture, libc,
      time.substr(0, 19) + "Z", MEMSEAL_VERSION));
}

nlohmann::ordered_json Machine::json() const {
  return {{"host", host},
          {"kernel", kernel},
          {"architecture", architecture},
          {"libc", libc}};
}

}  // namespace memseal::cli
