// SPDX-License-Identifier: Apache-2.0
#include "report/reason.h"

namespace memseal::report {
namespace {

struct Words {
  Reason reason;
  const char *name;
  const char *sentence;
};

constexpr Words words[] = {
    {Reason::none, "none", "it is sealed"},
    {Reason::writable_by_design, "writable_by_design",
     "it is writable by design"},
    {Reason::not_selected, "not_selected",
     "--only or --except leaves the object out"},
    {Reason::matches_nothing, "matches_nothing",
     "the pattern names no object that the program starts with"},
    {Reason::segment_left_out, "segment_left_out", "--segments leaves it out"},
    {Reason::unmapped_gap, "unmapped_gap",
     "the object has no memory in this gap"},
    {Reason::flawed, "flawed", "its headers are not valid"},
    {Reason::headers_not_found, "headers_not_found",
     "its program headers were not found in memory"},
    {Reason::relro_writable, "relro_writable",
     "the loader has not made it read-only"},
    {Reason::no_mseal, "no_mseal",
     "this kernel has no mseal(2), which came with Linux 6.10"},
    {Reason::mseal_refused, "mseal_refused",
     "a seccomp filter refuses mseal(2), which this kernel has"},
    {Reason::seccomp, "seccomp",
     "a seccomp filter may kill the process for the calls that seal it"},
    {Reason::refused, "refused", "the kernel refused"},
    {Reason::no_keeper, "no_keeper",
     "no keeper answers, which memseal run starts for --engine=keeper "
     "and strict"},
    {Reason::outside_zone, "outside_zone",
     "it lies outside the zone that the keeper guards"},
    {Reason::no_proc, "no_proc",
     "/proc is not mounted, and the engine asked for cannot do without"},
    {Reason::no_engine, "no_engine", "the engine asked for is not available"},
    {Reason::hole, "hole", "part of the range is not mapped"},
    {Reason::emulated, "emulated", "valgrind runs the program"},
    {Reason::dlopen_skipped, "dlopen_skipped",
     "--dlopen=skip leaves out what dlopen brings"},
    {Reason::not_pinned, "not_pinned",
     "it could not be kept from being unloaded"},
    {Reason::table_full, "table_full",
     "too many libraries were loaded at once"},
    {Reason::writable_now, "writable_now", "it is writable now"},
    {Reason::never_protected, "never_protected",
     "the program never makes it read-only"},
    {Reason::tracer_failed, "tracer_failed", "the tracer could not seal it"},
    {Reason::module_locked, "module_locked",
     "the kernel does not let the module write its own memory"},
    {Reason::auditors_not_found, "auditors_not_found",
     "the loader's list of auditors was not found"},
    {Reason::slots_unbound, "slots_unbound",
     "the loader did not bind them when asked to"},
    {Reason::slots_absent, "slots_absent",
     "they are of functions that are not there now"},
    {Reason::stubs_unknown, "stubs_unknown",
     "the code that jumps through them has an unknown shape"},
    {Reason::slots_flawed, "slots_flawed",
     "the relocations that name them are not valid"},
    {Reason::slots_file, "slots_file",
     "the code in memory is not that of its file, or the file cannot be read"},
    {Reason::slots_out_of_reach, "slots_out_of_reach",
     "there is no free memory within 2 GiB of the object"},
};

const Words &words_for(Reason reason) {
  for (const Words &entry : words) {
    if (entry.reason == reason)
      return entry;
  }
  return words[0];
}

}  // namespace

bool Outcome::falls_short() const {
  switch (reason) {
    case Reason::none:
    case Reason::writable_by_design:
    case Reason::not_selected:
    case Reason::matches_nothing:
    case Reason::segment_left_out:
    case Reason::slots_absent:
    case Reason::unmapped_gap:
    case Reason::dlopen_skipped:
      return false;
    default:
      return true;
  }
}

const char *name(Reason reason) {
  return words_for(reason).name;
}

const char *sentence(const Outcome &outcome) {
  if (outcome.reason == Reason::flawed)
    return elf::sentence(outcome.flaw);
  return words_for(outcome.reason).sentence;
}

}  // namespace memseal::report
