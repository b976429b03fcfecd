// SPDX-License-Identifier: Apache-2.0
// The program `memseal`.
//
// A C library needs several hundred microseconds to start: cpuid traps under
// virtualization, its own relocations, locales. That is more than everything
// `memseal run` has to do, and it would be paid by every program that is
// started sealed. So this program has no C library: it begins at _start, does a
// well-formed `run` by itself and executes the real program in its place.
//
// Everything else, every error included, is the tool's job (src/cli): it gets
// the same arguments and environment, comes to the same end, and finds the
// words for it. So there is one sentence in this file.
#include <fcntl.h>
#include <sys/syscall.h>

#include <string_view>

#include "keeper/ensure.h"
#include "launch/begin_report.h"
#include "launch/installation.h"
#include "launch/plan.h"
#include "launch/policy_path.h"
#include "sys/auxiliary_vector.h"
#include "sys/standard_streams.h"
#include "sys/syscall.h"

namespace memseal::launch {
namespace {

constexpr int exit_memseal_failed = 125;

/// A policy is TOML: reading it is the tool's job.
bool has_policy(const RunRequest &request, char **environment) {
  if (!request.policy.empty())
    return request.policy != "none";
  constinit static PathText path;
  return find_policy(environment, request.program[0], path);
}

void try_to_run(char **arguments, char **environment) {
  auto request = parse_run_arguments(arguments);
  if (!request || has_policy(*request, environment))
    return;
  constinit static PathText report;
  if (!begin_report(request->options, report))
    return;
  become_launched(request->options);
  constinit static Preparation preparation;
  auto plan = preparation.prepare(*request, environment);
  if (!plan || plan->method == Method::trace || plan->watched ||
      plan->remark != nullptr)
    return;
  if (plan->keeper != nullptr &&
      !keeper::ensure_keeper(plan->keeper, plan->rules))
    return;
  sys::call(SYS_execve, plan->path, plan->arguments, plan->environment);
}

[[noreturn]] void hand_to_tool(char **arguments, char **environment) {
  constinit static PathText path;
  if (find_installed(InstalledFile::tool, path))
    sys::call(SYS_execve, path.c_str(), arguments, environment);
  constexpr std::string_view sentence =
      "memseal: memseal-tool, a part of memseal, cannot be executed; install "
      "memseal again\n";
  sys::call(SYS_write, 2, sentence.data(), sentence.size());
  sys::call(SYS_exit_group, exit_memseal_failed);
  __builtin_unreachable();
}

}  // namespace

/// `stack` is what the kernel left there: argc, argv, environment, auxiliary
/// vector, each of the last three ending with a zero.
/// Context: before-main, and there is no main.
extern "C" [[noreturn, gnu::used]] void memseal_launch(unsigned long *stack) {
  auto arguments = reinterpret_cast<char **>(stack + 1);
  char **environment = arguments + stack[0] + 1;
  char **end = environment;
  while (*end != nullptr)
    ++end;
  sys::set_auxiliary_vector(reinterpret_cast<unsigned long *>(end + 1));
  sys::hold_closed_streams();

  if (stack[0] > 2 && std::string_view(arguments[1]) == "run")
    try_to_run(arguments + 2, environment);
  hand_to_tool(arguments, environment);
}

}  // namespace memseal::launch

// The stack pointer is all there is; the ABI wants it aligned at a call.
#if defined(__x86_64__)
__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call memseal_launch\n");
#elif defined(__aarch64__)
__asm__(
    ".globl _start\n"
    "_start:\n"
    "  mov x29, xzr\n"
    "  mov x0, sp\n"
    "  bl memseal_launch\n");
#endif
