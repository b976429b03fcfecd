// SPDX-License-Identifier: Apache-2.0
// memseal attach PID...: seals processes that run already.
#include "tracer/attach.h"

#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "cli/output.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "options/glob.h"
#include "options/run_options.h"
#include "report/document_tool.h"
#include "vm/enforcement.h"

namespace memseal::cli {
namespace {

using nlohmann::ordered_json;
using report::printable;

constexpr std::string_view help =
    R"(usage: memseal attach [OPTION...] PID...

Seals processes that run already: the text, the read-only data and the RELRO of
every loaded object, and the vdso. The threads are stopped for about a
millisecond; one of them makes the calls. Calls that wait go on waiting. Doing
it again seals what has been loaded since.

  --dry-run          show what would be sealed; stop and seal nothing
  --json             write JSON: an array with one object a process
  --only=GLOBS       seal only objects that match (comma-separated; * ? [a-z])
  --except=GLOBS     do not seal objects that match
  --segments=LIST    seal only these of each object: text,rodata,relro
  --engine=ENGINE    auto or native: mseal(2), Linux 6.10. filter: a seccomp
                     filter, on every kernel. strict: a filter, and mseal(2)
                     where there is one
  --help             this text

A filter stays when the process executes another program, where its addresses
mean nothing any more; and a process without CAP_SYS_ADMIN gets no_new_privs:
setuid programs that it starts gain no rights.

A library that is sealed stays mapped even if the program unloads it.
What is not stopped: writes by a tracer or through /proc/PID/mem, and JIT code.

Exit codes: 0 all is sealed; 1 something is not (named on standard error);
125 the command line is wrong; 126 a process may not be sealed; 127 there is no
such process.
)";

constexpr int exit_incomplete = 1, exit_refused = 126, exit_missing = 127;

struct Request {
  bool dry_run = false, json = false;
  Engine engine = Engine::native;
  RunOptions patterns;
  std::vector<pid_t> pids;
};

enum class Parse { ok, wrong, wants_help };

bool parse_pid(std::string_view word, std::vector<pid_t> &pids) {
  pid_t pid = 0;
  auto [end, error] =
      std::from_chars(word.data(), word.data() + word.size(), pid);
  if (error != std::errc() || end != word.data() + word.size() || pid <= 0)
    return false;
  pids.push_back(pid);
  return true;
}

/// auto is native: a filter stays over exec, and is for who asks for it.
bool take_engine(std::string_view word, Engine &engine) {
  if (word == "auto" || word == "native")
    engine = Engine::native;
  else if (word == "filter")
    engine = Engine::filter;
  else if (word == "strict")
    engine = Engine::strict;
  else
    complain(
        "attach has no engine '{}': it has auto, native, filter and "
        "strict{}",
        word,
        word == "keeper" ? " (a keeper has to be started before the program)"
                         : "");
  return word == "auto" || word == name(engine);
}

Parse parse(int argc, char **argv, Request &request) {
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (word == "--help")
      return Parse::wants_help;
    if (word == "--dry-run") {
      request.dry_run = true;
    } else if (word == "--json") {
      request.json = true;
    } else if (word.starts_with("--only=")) {
      request.patterns.only = word.substr(7);
    } else if (word.starts_with("--except=")) {
      request.patterns.except = word.substr(9);
    } else if (word.starts_with("--segments=")) {
      auto segments = parse_segments(word.substr(11));
      if (!segments) {
        complain("'{}' is not a comma-separated list of text, rodata and relro",
                 word.substr(11));
        return Parse::wrong;
      }
      request.patterns.segments = *segments;
    } else if (word.starts_with("--engine=")) {
      if (!take_engine(word.substr(9), request.engine))
        return Parse::wrong;
    } else if (word.starts_with("-")) {
      complain("attach has no option '{}'", word);
      return Parse::wrong;
    } else if (!parse_pid(word, request.pids)) {
      complain("'{}' is not a process ID", word);
      return Parse::wrong;
    }
  }
  if (request.pids.empty()) {
    complain("attach needs a process ID");
    return Parse::wrong;
  }
  return Parse::ok;
}

ordered_json to_json(const tracer::PlannedRange &range) {
  return {{"object", range.object},
          {"segment", range.segment},
          {"begin", report::hex(range.range.begin())},
          {"end", report::hex(range.range.end())}};
}

ordered_json to_json(const tracer::LeftOut &left) {
  ordered_json json = {{"object", left.object}};
  if (!left.segment.empty())
    json["segment"] = left.segment;
  json["reason"] = name(left.outcome.reason);
  json["sentence"] = sentence(left.outcome);
  return json;
}

ordered_json to_json(const tracer::Attached &attached, bool dry_run) {
  ordered_json ranges = ordered_json::array(), left_out = ranges,
               unsealed = ranges;
  for (const tracer::PlannedRange &planned : attached.plan.ranges) {
    ranges.push_back(to_json(planned));
    ranges.back()["was_sealed"] = planned.seal == KernelSeal::present;
  }
  for (const tracer::LeftOut &left : attached.plan.left_out)
    left_out.push_back(to_json(left));
  for (const tracer::PlannedRange &range : attached.unverified)
    unsealed.push_back(to_json(range));
  ordered_json json = report::document("attach");
  json.update({{"pid", attached.process.pid},
               {"program", attached.process.program},
               {"name", attached.process.name},
               {"dry_run", dry_run},
               {"engine", name(attached.engine)},
               {"threads", attached.threads},
               {"calls", attached.calls},
               {"bytes", attached.plan.bytes()},
               {"ranges", ranges},
               {"left_out", left_out},
               {"unsealed", unsealed}});
  return json;
}

void print_ranges(const tracer::Attached &attached) {
  for (const tracer::PlannedRange &planned : attached.plan.ranges)
    print("  {:012x}-{:012x} {:<6} {}{}\n", planned.range.begin(),
          planned.range.end(), planned.segment, printable(planned.object),
          planned.seal == KernelSeal::present ? "  (sealed already)" : "");
}

void print_text(const tracer::Attached &attached, bool dry_run) {
  std::size_t before = 0;
  std::map<std::string_view, int> objects;
  for (const tracer::PlannedRange &planned : attached.plan.ranges) {
    ++objects[planned.object];
    if (planned.seal == KernelSeal::present)
      before += planned.range.size();
  }
  std::size_t bytes = attached.plan.bytes();
  print(
      "{} {} ({}): {} objects, {} KiB ({} KiB of them before), "
      "{} calls, {} threads, {}\n",
      dry_run ? "would seal" : "sealed", attached.process.pid,
      printable(attached.process.name), objects.size(), bytes / 1024,
      before / 1024, attached.calls, attached.threads, name(attached.engine));
  if (dry_run)
    print_ranges(attached);
  for (const tracer::LeftOut &left : attached.plan.left_out)
    print("  left out: {}{}{}: {}\n", left.segment,
          left.segment.empty() ? "" : " of ", printable(left.object),
          sentence(left.outcome));
}

int report_failures(const tracer::Attached &attached) {
  if (!attached.untold.empty())
    complain(
        "process {}: `memseal status` will not show what the "
        "filter guards: its register cannot be written: {}",
        attached.process.pid, attached.untold);
  for (const tracer::Unsealed &range : attached.refused)
    complain("process {}: {:x}-{:x} was refused: {}", attached.process.pid,
             range.range.begin(), range.range.end(),
             std::strerror(range.sys_errno));
  for (const tracer::PlannedRange &range : attached.unverified)
    complain("process {}: {:x}-{:x} of {} is not sealed", attached.process.pid,
             range.range.begin(), range.range.end(), range.object);
  return attached.complete() ? 0 : exit_incomplete;
}

int attach_one(pid_t pid, const Request &request, ordered_json &all) {
  tracer::Wanted wanted{.object =
                            [&](std::string_view object) {
                              return memseal::selects(request.patterns, object);
                            },
                        .segments = request.patterns.segments};
  auto attached = request.dry_run
                      ? tracer::plan_attach(pid, wanted, request.engine)
                      : tracer::attach(pid, wanted, request.engine);
  if (!attached) {
    complain(sentence(attached.error()));
    return attached.error().cause == process::Cause::vanished ? exit_missing
                                                              : exit_refused;
  }
  if (request.json)
    all.push_back(to_json(*attached, request.dry_run));
  else
    print_text(*attached, request.dry_run);
  return request.dry_run ? 0 : report_failures(*attached);
}

}  // namespace

int attach(int argc, char **argv) {
  Request request;
  switch (parse(argc, argv, request)) {
    case Parse::wants_help:
      print(help);
      return 0;
    case Parse::wrong:
      return exit_usage;
    case Parse::ok:
      break;
  }
  // Every process gets its turn; the gravest answer is the exit code.
  int worst = 0;
  ordered_json all = ordered_json::array();
  for (pid_t pid : request.pids)
    worst = std::max(worst, attach_one(pid, request, all));
  if (request.json)
    print("{}\n", report::json_text(all, 2));
  return worst;
}

}  // namespace memseal::cli
