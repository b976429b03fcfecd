// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <linux/seccomp.h>
#include <sys/utsname.h>

#include <charconv>
#include <string_view>

#include "cli/diagnosis.h"
#include "keeper/client.h"
#include "sys/abilities_tool.h"
#include "sys/maps_reader.h"
#include "vm/maps_parser.h"

// Flags newer than the headers of Debian 12, from include/uapi/linux/seccomp.h.
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

namespace memseal::cli {
namespace {

struct Version {
  int major = 0, minor = 0;
  bool at_least(int a, int b) const {
    return major > a || (major == a && minor >= b);
  }
};

Version parse_version(std::string_view release) {
  Version version;
  const char *end = release.data() + release.size();
  auto major = std::from_chars(release.data(), end, version.major);
  if (major.ptr != end)
    std::from_chars(major.ptr + 1, end, version.minor);
  return version;
}

/// Whether the kernel sealed what it maps itself
/// (CONFIG_MSEAL_SYSTEM_MAPPINGS).
KernelSeal seal_of_vdso() {
  auto maps = sys::MapsReader::of_self(sys::ReadSeals::with_seals);
  for (;;) {
    auto mapping = maps.next();
    if (!mapping || !*mapping)
      return KernelSeal::unknown;
    if (kind_of_name((*mapping)->name) == NameKind::vdso)
      return (*mapping)->seal;
  }
}

Finding mseal_finding(Diagnosis &diagnosis) {
  sys::Ability mseal = sys::ask_mseal();
  diagnosis.means.native = mseal.ok();
  return {"mseal", "mseal(2)", mseal.ok() ? Grade::good : Grade::weak,
          sys::describe(mseal),
          mseal.ok() ? "the engine native works"
          : mseal.missing()
              ? "Linux 6.10 brings it; the engine native cannot be used"
              : "a seccomp filter forbids it to this process"};
}

/// CVE-2026-23416, tried.
Finding mixed_mseal_finding() {
  sys::Ability mixed = sys::ask_mixed_mseal();
  const bool astray =
      mixed.kind == sys::Ability::refused && mixed.error == EBADE;
  return {"mseal.mixed", "mseal(2) over sealed and unsealed memory",
          astray ? Grade::weak : Grade::good,
          mixed.ok() ? "seals what it was asked to"
          : astray   ? "seals another range (CVE-2026-23416)"
                     : sys::describe(mixed),
          astray ? "memseal makes no such call; programs that call mseal(2) "
                   "may. Linux 6.18.21 and 7.0 have mended it"
                 : ""};
}

/// A seccomp flag, the version that brought it and what it is to memseal.
struct Flag {
  const char *id, *title;
  unsigned bits;
  const char *since, *use;
};

constexpr Flag flags[] = {
    {"seccomp.tsync", "all threads at once (TSYNC)", SECCOMP_FILTER_FLAG_TSYNC,
     "3.17", "a seal binds every thread"},
    {"seccomp.log", "logging (LOG)", SECCOMP_FILTER_FLAG_LOG, "4.14",
     "refusals can be audited by the kernel"},
    {"seccomp.spec_allow", "speculation allowed (SPEC_ALLOW)",
     SECCOMP_FILTER_FLAG_SPEC_ALLOW, "4.17",
     "a filter does not slow the program's own code down"},
    {"seccomp.new_listener", "notifications (NEW_LISTENER)",
     SECCOMP_FILTER_FLAG_NEW_LISTENER, "5.0",
     "violations can be reported to a supervisor"},
    {"seccomp.tsync_esrch", "TSYNC with a listener (TSYNC_ESRCH)",
     SECCOMP_FILTER_FLAG_TSYNC_ESRCH, "5.7",
     "a supervisor can be given to all threads at once"},
    {"seccomp.wait_killable", "killable while waiting (WAIT_KILLABLE_RECV)",
     SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
     "5.19", "signals do not restart a reported call"},
};

Section seccomp_section(Diagnosis &diagnosis, Version version) {
  Section section{"seccomp filters", {}};
  auto add = [&section](Finding finding) {
    section.findings.push_back(std::move(finding));
  };
  sys::Ability filter = sys::ask_filter();
  sys::Ability privileged = sys::ask_privileged_filter();
  bool tsync = sys::seccomp_knows_flag(SECCOMP_FILTER_FLAG_TSYNC);
  diagnosis.means.filter = filter.ok() && tsync;
  diagnosis.means.filter_needs_no_new_privs = !privileged.ok();
  add({"seccomp.filter", "installing a filter",
       filter.ok() ? Grade::good : Grade::weak, sys::describe(filter),
       filter.ok() ? "" : "the engines filter and strict cannot be used"});
  add({"seccomp.privileged", "without no_new_privs",
       privileged.ok() ? Grade::good : Grade::note, sys::describe(privileged),
       privileged.ok() ? "setuid programs below a filter keep their privileges"
                       : "a filter costs setuid programs their privileges"});
  for (const Flag &flag : flags) {
    bool known = sys::seccomp_knows_flag(flag.bits);
    add({flag.id, flag.title, known ? Grade::good : Grade::note,
         known ? "yes" : fmt::format("no (Linux {})", flag.since), flag.use});
  }
  bool notify = sys::seccomp_knows_action(SECCOMP_RET_USER_NOTIF);
  add({"seccomp.user_notif", "action USER_NOTIF",
       notify ? Grade::good : Grade::note, notify ? "yes" : "no (Linux 5.0)",
       ""});
  sys::Ability listener = sys::ask_listener();
  const keeper::KeeperHere here = keeper::keeper_here();
  const keeper::Presence presence = here.presence;
  const bool answers = presence == keeper::Presence::enforces;
  diagnosis.means.keeper = answers || listener.ok();
  add({"seccomp.keeper", "a keeper for a tree of processes",
       diagnosis.means.keeper ? Grade::good : Grade::weak,
       answers ? here.zone.exists()
                     ? "one answers, asked about a zone of memory"
                     : "one answers, asked about everything"
       : presence == keeper::Presence::watches
           ? "there is one, of memseal trace, that permits everything"
       : listener.ok() ? "can be started"
                       : sys::describe(listener),
       diagnosis.means.keeper
           ? "memseal run with the engines keeper and strict"
           : "memseal run seals with mseal(2) or --engine=filter only"});
  bool bitmap = version.at_least(5, 11);
  add({"seccomp.bitmap", "constant calls skip the filter",
       bitmap ? Grade::good : Grade::note,
       bitmap ? "by version: yes" : "by version: no (Linux 5.11)",
       bitmap ? "calls that do not manage memory cost next to nothing more"
              : "every call runs the filter's first instructions"});
  return section;
}

}  // namespace

void diagnose_kernel(Diagnosis &diagnosis) {
  utsname system{};
  uname(&system);
  Version version = parse_version(system.release);
  Section section{"kernel", {}};
  section.findings.push_back(
      {"kernel", "version", Grade::note,
       fmt::format("{} {} {}", system.sysname, system.release, system.machine),
       ""});
  section.findings.push_back(mseal_finding(diagnosis));
  if (diagnosis.means.native)
    section.findings.push_back(mixed_mseal_finding());
  KernelSeal vdso = seal_of_vdso();
  section.findings.push_back(
      {"mseal.system_mappings", "vdso sealed by the kernel", Grade::note,
       vdso == KernelSeal::present  ? "yes"
       : vdso == KernelSeal::absent ? "no"
                                    : "unknown: smaps has no such mapping",
       vdso == KernelSeal::present ? "CONFIG_MSEAL_SYSTEM_MAPPINGS"
                                   : "memseal seals it"});
  diagnosis.sections.push_back(std::move(section));
  diagnosis.sections.push_back(seccomp_section(diagnosis, version));
}

}  // namespace memseal::cli
