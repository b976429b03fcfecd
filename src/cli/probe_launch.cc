// SPDX-License-Identifier: Apache-2.0
//
// A program to be probed is started by `memseal run` in a child that we trace.
// At its exec a hardware breakpoint is put on its entry: when it is reached,
// the loader has mapped, relocated and sealed everything and nothing of the
// program itself has run. There it is copied, and killed.
#include <elf.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include <cstring>

#include "cli/probe.h"
#include "cli/run.h"
#include "process/proc_files.h"
#include "tracer/tracee.h"

namespace memseal::cli {
namespace {

using tracer::Stop;
using tracer::Tracee;

constexpr unsigned fork_events =
    PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
constexpr unsigned always = PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;

/// The child of a fork that waits to be traced, then does `memseal run`.
pid_t start(const std::vector<std::string> &arguments, int &go) {
  int ends[2];
  if (pipe(ends) != 0)
    return -1;
  pid_t child = fork();
  if (child == 0) {
    close(ends[1]);
    char byte;
    if (read(ends[0], &byte, 1) != 1)
      _exit(125);
    close(ends[0]);
    std::vector<char *> words;
    for (const std::string &argument : arguments)
      words.push_back(const_cast<char *>(argument.c_str()));
    words.push_back(nullptr);
    _exit(run(static_cast<int>(arguments.size()), words.data()));
  }
  close(ends[0]);
  go = ends[1];
  return child;
}

/// AT_ENTRY of the program that was just executed.
std::uint64_t entry_of(pid_t pid) {
  std::string vector = process::text_of(pid, "auxv");
  for (std::size_t at = 0; at + sizeof(Elf64_auxv_t) <= vector.size();
       at += sizeof(Elf64_auxv_t)) {
    Elf64_auxv_t entry;
    std::memcpy(&entry, vector.data() + at, sizeof entry);
    if (entry.a_type == AT_ENTRY)
      return entry.a_un.a_val;
  }
  return 0;
}

/// A fork of the launcher is not ours to follow.
bool let_go_of_new_process(const Tracee &child) {
  auto number = child.event_message();
  if (!number)
    return false;
  auto pid = static_cast<pid_t>(*number);
  (void)tracer::wait_for(pid);
  (void)ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
  return true;
}

/// Follows the child until it stands at its program's entry.
Refusable<void, process::Refusal> go_to_entry(const Tracee &child) {
  std::uint64_t entry = 0;
  for (;;) {
    auto stop = tracer::wait_for(child.tid());
    if (!stop || stop->kind == Stop::Kind::killed)
      return process::refuse(process::Cause::vanished,
                             "the program was killed before it began");
    if (stop->kind == Stop::Kind::exited)
      return process::refuse(
          process::Cause::vanished,
          fmt::format("the program did not begin (exit code {})",
                      stop->detail));
    int signal = 0;
    if (stop->kind == Stop::Kind::event && stop->detail == PTRACE_EVENT_EXEC) {
      entry = entry_of(child.tid());
      if (!child.set_options(always) || !child.set_hardware_breakpoint({entry}))
        return process::refuse(process::Cause::unsupported,
                               "no hardware breakpoint is available");
    } else if (stop->kind == Stop::Kind::event && entry == 0) {
      // A keeper for the filter, or a tracer, which fails: there cannot be two.
      if (!let_go_of_new_process(child))
        return process::refuse(process::Cause::vanished,
                               "the program was killed before it began");
    } else if (stop->kind == Stop::Kind::signal) {
      auto registers = child.registers();
      if (stop->detail == SIGTRAP && registers && entry != 0 &&
          registers->program_counter().value == entry)
        return {};
      signal = stop->detail;
    }
    if (!child.resume(tracer::Until::event, signal))
      return process::refuse(process::Cause::vanished,
                             "the program ended before it began");
  }
}

}  // namespace

Refusable<probe::ForkedCopy, process::Refusal> copy_of_program(
    const std::vector<std::string> &arguments) {
  int go = -1;
  pid_t pid = start(arguments, go);
  if (pid < 0)
    return process::refuse(
        process::Cause::failed,
        fmt::format("no process could be started: {}", std::strerror(errno)));
  auto child = Tracee::seize(pid, always | fork_events);
  bool told = child && write(go, "g", 1) == 1;
  close(go);
  auto copy = [&]() -> Refusable<probe::ForkedCopy, process::Refusal> {
    if (!told)
      return process::refuse(process::Cause::forbidden,
                             "ptrace is forbidden here");
    if (auto there = go_to_entry(*child); !there)
      return std::unexpected(std::move(there).error());
    (void)child->clear_hardware_breakpoint();
    if (!child->set_options(always | fork_events))
      return process::refuse(process::Cause::vanished,
                             "the program ended before it was copied");
    return probe::ForkedCopy::of(*child);
  }();
  kill(pid, SIGKILL);
  while (tracer::wait_for(pid)) {
    // A stop that came before the end.
  }
  return copy;
}

}  // namespace memseal::cli
