// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <linux/capability.h>
#include <sys/personality.h>
#include <unistd.h>

#include <charconv>
#include <string_view>

#include "cli/diagnosis.h"
#include "launch/installation.h"
#include "process/proc_files.h"
#include "sys/abilities_tool.h"
#include "sys/huge_files.h"
#include "sys/proc_text.h"

namespace memseal::cli {
namespace {

constexpr int none = -1;

/// The number a file of /proc/sys holds; `none` if it is not there.
int setting(const char *path) {
  std::string text = process::read_file(path).value_or("");
  int value = none;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string shown(int value) {
  return value == none ? "not there" : std::to_string(value);
}

/// The value of a word of the kernel's command line: NAME=VALUE.
std::string boot_option(std::string_view name) {
  std::string line = ' ' + process::read_file("/proc/cmdline").value_or("");
  std::size_t at = line.rfind(fmt::format(" {}=", name));
  if (at == std::string::npos)
    return {};
  at += name.size() + 2;
  return line.substr(at, line.find_first_of(" \n", at) - at);
}

std::uint64_t hexadecimal(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

Finding ptrace_finding(Diagnosis &diagnosis) {
  int scope = setting("/proc/sys/kernel/yama/ptrace_scope");
  diagnosis.means.trace = sys::ask_ptrace().ok();
  const char *meanings[] = {
      "processes of one user may change each other's sealed memory",
      "only a parent may trace; attach needs CAP_SYS_PTRACE",
      "only CAP_SYS_PTRACE may trace", "nobody may trace; attach cannot work"};
  return {"ptrace_scope", "kernel.yama.ptrace_scope",
          scope >= 1 ? Grade::good : Grade::weak, shown(scope),
          meanings[scope < 0   ? 0
                   : scope > 3 ? 3
                               : scope]};
}

Finding memory_override_finding(Diagnosis &diagnosis) {
  sys::Ability writes = sys::ask_memory_override();
  std::string option = boot_option("proc_mem.force_override");
  if (writes.ok())
    diagnosis.open.push_back(
        {"writing through /proc/self/mem",
         "tried here: the write gets into a read-only page",
         "proc_mem.force_override=never on the kernel's command line "
         "(Linux 6.12); Landlock"});
  return {"proc_mem", "/proc/self/mem writes read-only pages",
          writes.ok() ? Grade::weak : Grade::good,
          writes.ok() ? "yes, tried" : "no: " + sys::describe(writes),
          option.empty() ? "" : "proc_mem.force_override=" + option};
}

Finding userfaultfd_finding(Diagnosis &diagnosis) {
  sys::Ability outcome = sys::ask_userfaultfd();
  if (outcome.ok())
    diagnosis.open.push_back(
        {"userfaultfd", "fills pages of sealed memory that were never touched",
         "the closed level of the filter engine; for others "
         "vm.unprivileged_userfaultfd=0 does not stop the user-mode kind"});
  return {"userfaultfd", "userfaultfd(2)",
          outcome.ok() ? Grade::weak : Grade::good, sys::describe(outcome),
          "vm.unprivileged_userfaultfd: " +
              shown(setting("/proc/sys/vm/unprivileged_userfaultfd"))};
}

Finding io_uring_finding(Diagnosis &diagnosis) {
  sys::Ability outcome = sys::ask_io_uring();
  if (outcome.ok())
    diagnosis.open.push_back(
        {"io_uring MADVISE",
         "makes no system call that a filter could refuse; native seals hold",
         "kernel.io_uring_disabled=2; the engine strict; the closed level"});
  return {"io_uring", "io_uring_setup(2)",
          outcome.ok() ? Grade::weak : Grade::good, sys::describe(outcome),
          "kernel.io_uring_disabled: " +
              shown(setting("/proc/sys/kernel/io_uring_disabled"))};
}

/// S-33a. As for a program that is started from here.
Finding huge_files_finding(Diagnosis &diagnosis) {
  bool possible = sys::may_map_huge_files(0);
  if (!possible)
    diagnosis.open.push_back(
        {"files of huge pages that come later",
         "a filter cannot tell them from others, and the kernel maps them "
         "beyond their length; none can be mapped now (S-33a)",
         "the engine strict; the closed level"});
  return {"huge_files", "files of huge pages (hugetlbfs)", Grade::note,
          possible ? "possible" : "none",
          possible ? "filters with addresses may refuse libraries that are "
                     "aligned to 2 MiB"
                   : ""};
}

Finding plain(const char *id, const char *path, const char *title,
              const char *meaning) {
  return {id, title, Grade::note, shown(setting(path)), meaning};
}

Finding randomization_finding() {
  int level = setting("/proc/sys/kernel/randomize_va_space");
  bool off = level == 0 || (personality(0xffffffff) & ADDR_NO_RANDOMIZE) != 0;
  return {"aslr", "address space randomization",
          off ? Grade::weak : Grade::good, off ? "off" : "on",
          off ? "filters survive exec: sealed addresses then collide with the "
                "next program's"
              : ""};
}

/// "2.36" as 236, to be compared.
int libc_version() {
  int major = 0, minor = 0;
  std::string_view text = gnu_get_libc_version();
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), major);
  if (error == std::errc() && end != text.data() + text.size())
    std::from_chars(end + 1, text.data() + text.size(), minor);
  return major * 100 + minor;
}

Finding part_finding(const char *id, const char *title,
                     launch::InstalledFile part, bool &found) {
  static launch::PathText path;
  path = {};
  auto place = launch::find_installed(part, path);
  found = place.has_value();
  return {id, title, found ? Grade::good : Grade::weak,
          found ? std::string(path.view()) : "not found",
          found ? "" : "it should be beside the memseal executable"};
}

}  // namespace

void diagnose_process(Diagnosis &diagnosis) {
  std::string status = process::text_of(getpid(), "status");
  auto field = [&status](const char *name) {
    return std::string(sys::status_field(status, name));
  };
  std::uint64_t capabilities = hexadecimal(field("CapEff"));
  auto has = [capabilities](int bit) {
    return (capabilities >> bit & 1) != 0 ? "yes" : "no";
  };
  std::string mode = field("Seccomp"), filters = field("Seccomp_filters");
  bool implies = (personality(0xffffffff) & READ_IMPLIES_EXEC) != 0;
  diagnosis.sections.push_back(
      {"this process, and what it starts",
       {{"no_new_privs", "no_new_privs", Grade::note,
         field("NoNewPrivs") == "1" ? "set" : "not set", ""},
        {"seccomp.mode", "seccomp filters already here",
         mode == "0" ? Grade::good : Grade::note,
         mode == "0" ? "none"
                     : fmt::format("mode {}, {} filters", mode, filters),
         mode == "0" ? ""
                     : "calls that memseal needs may be refused; see above"},
        {"cap_sys_admin", "CAP_SYS_ADMIN", Grade::note, has(CAP_SYS_ADMIN),
         "filters without no_new_privs"},
        {"cap_sys_ptrace", "CAP_SYS_PTRACE", Grade::note, has(CAP_SYS_PTRACE),
         "attach to and status of other users' processes"},
        {"read_implies_exec", "READ_IMPLIES_EXEC",
         implies ? Grade::weak : Grade::good, implies ? "set" : "not set",
         implies ? "downgrade-only seals are refused" : ""}}});
}

void diagnose_system(Diagnosis &diagnosis) {
  int overcommit = setting("/proc/sys/vm/overcommit_memory");
  diagnosis.sections.push_back(
      {"settings of this system",
       {ptrace_finding(diagnosis),
        memory_override_finding(diagnosis),
        userfaultfd_finding(diagnosis),
        io_uring_finding(diagnosis),
        huge_files_finding(diagnosis),
        randomization_finding(),
        {"overcommit", "vm.overcommit_memory",
         overcommit == 2 ? Grade::weak : Grade::good, shown(overcommit),
         overcommit == 2 ? "an arena cannot reserve much more than there is"
                         : ""},
        plain("max_map_count", "/proc/sys/vm/max_map_count", "vm.max_map_count",
              "scattered seals split mappings"),
        plain("bpf_jit", "/proc/sys/net/core/bpf_jit_enable",
              "net.core.bpf_jit_enable", "0: filters are interpreted"),
        plain("bpf_jit_harden", "/proc/sys/net/core/bpf_jit_harden",
              "net.core.bpf_jit_harden", "2 halves the room for filters")}});
}

void diagnose_installation(Diagnosis &diagnosis) {
  int version = libc_version();
  bool supported = version >= 231;
  diagnosis.means.libc_has_audit = supported;
  bool preload = false;
  diagnosis.sections.push_back(
      {"libc and memseal",
       {{"libc", "C library", supported ? Grade::good : Grade::weak,
         fmt::format("glibc {}", gnu_get_libc_version()),
         supported ? "" : "the loader module is tested with 2.31 and newer"},
        {"libc.dlopen", "libraries that dlopen brings", Grade::note,
         version >= 241 ? "sealed before their constructors, at one point"
                        : "sealed by the library's first constructor",
         version >= 241 ? "" : "glibc 2.41 tells auditors in time"},
        {"libc.static_tls", "tunable rtld.optional_static_tls",
         version >= 232 ? Grade::good : Grade::note,
         version >= 232 ? "yes" : "no (glibc 2.32)",
         "programs with much static TLS start with the loader module"},
        part_finding("audit_module", "loader module",
                     launch::InstalledFile::audit_module,
                     diagnosis.means.audit_module),
        part_finding("preload_module", "preload module",
                     launch::InstalledFile::preload_module, preload)}});
}

}  // namespace memseal::cli
