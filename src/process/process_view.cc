// SPDX-License-Identifier: Apache-2.0
#include "process/process_view.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "options/run_options.h"
#include "process/filter_claims.h"
#include "process/loaded_object.h"
#include "process/mappings.h"
#include "process/object_sorter.h"
#include "process/proc_files.h"
#include "process/process.h"

namespace memseal::process {
namespace {

std::unexpected<Refusal> unreadable(int pid, const char *file, int error) {
  if (error == ENOENT || error == ESRCH)
    return refuse(Cause::vanished, fmt::format("there is no process {}", pid));
  const char *hint = "";
  if (error == EACCES || error == EPERM)
    hint = geteuid() == 0 ? " (it is protected from root, too)"
                          : " (it is another user's or protected: ask root)";
  return refuse(*hint != '\0' ? Cause::forbidden : Cause::failed,
                fmt::format("/proc/{}/{} cannot be read: {}{}", pid, file,
                            std::strerror(error), hint));
}

constexpr std::chrono::milliseconds worth_of_one{200};

/// A process may write there what it likes, of any length.
std::string command_of(pid_t pid) {
  std::string text = text_of(pid, "cmdline").substr(0, 4096);
  while (text.ends_with('\0'))
    text.pop_back();
  std::ranges::replace(text, '\0', ' ');
  return text;
}

/// The wishes among its options that make a seal smaller.
std::string left_out_by(std::string_view environment) {
  const std::string key = std::string(options_variable) + "=";
  for (std::size_t at = 0; at < environment.size();) {
    std::size_t end = std::min(environment.find('\0', at), environment.size());
    std::string_view entry = environment.substr(at, end - at);
    at = end + 1;
    if (!entry.starts_with(key))
      continue;
    auto options = parse_run_options(entry.substr(key.size()));
    if (!options)
      return {};
    RunOptions smaller;
    smaller.segments = options->segments;
    smaller.types = options->types;
    smaller.only = options->only;
    smaller.except = options->except;
    std::string text(entry.size(), '\0');
    return std::string(format_run_options(smaller, text).value_or(""));
  }
  return {};
}

FoundObject find_object(pid_t pid, const Mappings &mappings,
                        const Mapping &first) {
  RecognisedFile found = recognise_by_file(pid, mappings, first);
  FoundObject object{.layout = {}, .note = std::move(found.note)};
  if (found.object)
    object.layout = found.object->layout;
  return object;
}

}  // namespace

Refusable<ProcessView, Refusal> look_at(pid_t pid) {
  Keepers keepers;
  return look_at(pid, keepers);
}

Refusable<ProcessView, Refusal> look_at(pid_t pid, Keepers &keepers,
                                        Effort effort) {
  ProcessView space{.pid = pid,
                    .name = {},
                    .executable = {},
                    .command = {},
                    .register_doubt = {},
                    .keeper_doubt = {},
                    .left_out = {},
                    .objects = {}};
  std::uint64_t started = start_time(pid);
  auto process = Process::look(pid);
  if (!process)
    return unreadable(pid, "status", process.error().to_errno());
  auto mappings =
      Mappings::read(pid, sys::ReadSeals::with_seals,
                     effort == Effort::one_of_many ? worth_of_one : no_limit);
  if (!mappings && mappings.error().to_errno() == ETIME)
    return refuse(
        Cause::too_much,
        fmt::format("process {} has too many mappings to look at among others: "
                    "`memseal status {}` takes the time",
                    pid, pid));
  if (!mappings)
    return unreadable(pid, "smaps", mappings.error().to_errno());

  space.name = process->name;
  space.executable = process->program;
  space.command = command_of(pid);
  if (process->user.known)
    space.user = process->user.effective;
  space.left_out = left_out_by(text_of(pid, "environ"));
  space.seccomp_mode = process->seccomp_mode;
  space.seccomp_filters = process->seccomp_filters;
  FilterClaims claims = read_filter_claims(pid, *mappings, space.seccomp_mode);
  space.has_register = claims.found;
  space.register_doubt = std::move(claims.doubt);
  KeeperClaim kept = keepers.of(*mappings, space.seccomp_mode);
  space.keeper = kept.keeper;
  space.keeper_doubt = std::move(kept.doubt);
  space.objects = sort_into_objects(
      *mappings, claims.seals, kept.sealed,
      [&](const Mapping &first) { return find_object(pid, *mappings, first); });

  // The file is not a snapshot: did it tell of one process, to the end?
  if (start_time(pid) != started || started == 0)
    return refuse(Cause::vanished,
                  fmt::format("process {} ended while it was looked at", pid));
  if (mappings->mappings().empty())
    return refuse(
        Cause::no_memory,
        fmt::format("process {} has no memory: it has ended and waits for its "
                    "parent, or is a thread of the kernel",
                    pid));
  return space;
}

}  // namespace memseal::process
