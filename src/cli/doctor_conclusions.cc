// SPDX-License-Identifier: Apache-2.0
#include "cli/diagnosis.h"

namespace memseal::cli {
namespace {

void choose_engine(const Means &means, std::vector<std::string> &will_use) {
  if (means.native && means.filter)
    will_use.push_back(
        "engine: native for whole seals; filter for single types and "
        "downgrade-only; strict (both) if asked for");
  else if (means.native)
    will_use.push_back(
        "engine: native. Single types, downgrade-only and strict are refused: "
        "no filter can be installed");
  else if (means.filter)
    will_use.push_back(
        means.keeper ? "engine: filter, for everything; memseal run starts a "
                       "keeper"
                     : "engine: filter for the library and attach; memseal run "
                       "seals with --engine=filter only");
  else
    will_use.push_back("no engine: nothing can be sealed here");
  if (means.filter)
    will_use.push_back(
        means.filter_needs_no_new_privs
            ? "filters need no_new_privs here, which is set first"
            : "filters work here without no_new_privs");
}

void choose_road(const Means &means, std::vector<std::string> &will_use) {
  if (means.audit_module && means.libc_has_audit)
    will_use.push_back("dynamic programs: the loader module (LD_AUDIT)");
  else
    will_use.push_back(means.audit_module
                           ? "dynamic programs: the preload module"
                           : "dynamic programs: no module was found");
  will_use.push_back(means.trace
                         ? "static programs and running processes: the tracer"
                         : "static programs and running processes: nothing, "
                           "tracing is forbidden");
}

}  // namespace

void conclude(Diagnosis &diagnosis) {
  const Means &means = diagnosis.means;
  choose_engine(means, diagnosis.will_use);
  choose_road(means, diagnosis.will_use);
  auto &open = diagnosis.open;
  if (means.native)
    open.push_back({"emptying sealed files and shared memory by madvise",
                    "mseal(2) refuses that on private anonymous read-only "
                    "memory only, which RELRO becomes under memseal run "
                    "(docs/semantics.md, S-63)",
                    means.filter ? "the engine strict" : "a seccomp filter"});
  if (means.native)
    open.push_back({"mprotect and madvise that begin below a sealed page",
                    "mseal(2) refuses them after it changed the pages below "
                    "(S-62); the sealed ones hold",
                    means.filter ? "the engine strict" : "a seccomp filter"});
  open.push_back({"the file behind a mapping",
                  "whoever may write the file changes what is mapped (S-47)",
                  "file permissions, fs-verity, memfd seals"});
  open.push_back({"lazily bound .got.plt", "writable by design until the end",
                  "memseal run --slots=seal, or link with -z now "
                  "(LD_BIND_NOW=1 leaves it writable)"});
  if (means.trace)
    open.push_back({"ptrace by a process that may",
                    "that is what a debugger is (S-45)",
                    "kernel.yama.ptrace_scope"});
}

const char *name(Grade grade) {
  switch (grade) {
    case Grade::good:
      return "good";
    case Grade::note:
      return "note";
    case Grade::weak:
      return "weak";
    case Grade::bad:
      return "bad";
  }
  return "note";
}

}  // namespace memseal::cli
