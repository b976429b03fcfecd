// SPDX-License-Identifier: Apache-2.0
#include "cli/survey.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "process/process.h"
#include "service/unit_name.h"

namespace memseal::cli {
namespace {

void add(process::Share &sum, const process::Share &share) {
  sum.bytes += share.bytes;
  sum.sealed += share.sealed;
  sum.claimed += share.claimed;
}

std::string doubt_of(const process::ProcessView &space) {
  return !space.register_doubt.empty() ? space.register_doubt
                                       : space.keeper_doubt;
}

bool is_service(const UnitRow &row) {
  return row.unit.ends_with(".service");
}

}  // namespace

std::string counted(std::size_t number, std::string_view one,
                    std::string_view many) {
  return fmt::format("{} {}", number, number == 1 ? one : many);
}

std::string UserNames::of(std::optional<unsigned> id) {
  if (!id)
    return {};
  for (const auto &[known, name] : known_) {
    if (known == *id)
      return name;
  }
  const passwd *entry = getpwuid(*id);
  known_.emplace_back(*id,
                      entry != nullptr ? entry->pw_name : std::to_string(*id));
  return known_.back().second;
}

Owner owner_of(const process::ProcessView &space, UserNames &names) {
  return {.pid = space.pid,
          .name = space.name,
          .user = names.of(space.user),
          .unit = service::unit_of(space.pid)};
}

Owner owner_of(int pid, UserNames &names) {
  Owner owner{
      .pid = pid, .name = {}, .user = {}, .unit = service::unit_of(pid)};
  if (auto process = process::Process::look(pid)) {
    owner.name = process->name;
    if (process->user.known)
      owner.user = names.of(process->user.effective);
  }
  return owner;
}

Surveyed row_of(const process::ProcessView &space, UserNames &names) {
  return {.owner = owner_of(space, names),
          .executable = space.executable,
          .command = space.command,
          .totals = space.totals(),
          .engine = space.engine(),
          .libc = space.libc(),
          .doubt = doubt_of(space)};
}

Survey survey_of(std::span<const process::Descendant> targets) {
  Survey survey;
  survey.machine = Machine::here();
  UserNames names;
  process::Keepers keepers;
  for (const process::Descendant &target : targets) {
    auto space =
        process::look_at(target.pid, keepers, process::Effort::one_of_many);
    if (space) {
      survey.rows.push_back(row_of(*space, names));
      continue;
    }
    process::Cause cause = space.error().cause;
    if (cause != process::Cause::vanished && cause != process::Cause::no_memory)
      survey.unread.push_back(
          {owner_of(target.pid, names), std::move(space.error())});
  }
  return survey;
}

std::size_t Survey::whole() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(rows, &Surveyed::whole));
}

std::size_t Survey::in_part() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      rows, [](const Surveyed &row) { return !row.whole() && !row.none(); }));
}

process::Totals Survey::totals() const {
  process::Totals sum;
  for (const Surveyed &row : rows) {
    add(sum.executable, row.totals.executable);
    add(sum.read_only, row.totals.read_only);
    add(sum.relro, row.totals.relro);
    add(sum.gaps, row.totals.gaps);
    add(sum.sealable, row.totals.sealable);
    add(sum.jit, row.totals.jit);
    add(sum.other, row.totals.other);
  }
  return sum;
}

std::vector<UnitRow> units_of(const Survey &survey, std::size_t at_most) {
  std::map<std::string, UnitRow> found;
  for (const Surveyed &row : survey.rows) {
    std::string unit = service::kind_of_unit(row.owner.unit);
    if (found.size() >= at_most && !found.contains(unit))
      unit = "(other)";
    UnitRow &sum = found[unit];
    sum.unit = unit;
    ++sum.processes;
    sum.whole += row.whole();
    add(sum.sealable, row.totals.sealable);
  }
  std::vector<UnitRow> units;
  for (auto &[name, unit] : found)
    units.push_back(std::move(unit));
  return units;
}

std::vector<std::string> next_steps(const Survey &survey) {
  std::vector<std::string> steps;
  bool other_users = std::ranges::any_of(survey.unread, [](const Unread &one) {
    return one.why.cause == process::Cause::forbidden;
  });
  if (other_users && geteuid() != 0)
    steps.emplace_back("As root, look at the processes of other users too.");
  std::vector<UnitRow> units = units_of(survey, 1000);
  std::size_t told = 0;
  for (const UnitRow &unit : units) {
    if (is_service(unit) && unit.sealable.sealed == 0 && told++ < 5)
      steps.push_back(fmt::format("memseal enable {}", unit.unit));
  }
  if (told > 5)
    steps.push_back(fmt::format("and {} in the same way.",
                                counted(told - 5, "unit more", "units more")));
  std::size_t part = 0;
  for (const Surveyed &row : survey.rows) {
    if (!row.whole() && !row.none() && part++ < 3)
      steps.push_back(fmt::format(
          "memseal status --unsealed {}   ({}: {} of it "
          "is open)",
          row.owner.pid, row.owner.name,
          human_size(row.totals.sealable.bytes - row.totals.sealable.sealed)));
    if (!row.doubt.empty() && part < 6)
      steps.push_back(fmt::format("Look at process {} ({}): {}.", row.owner.pid,
                                  row.owner.name, row.doubt));
  }
  for (const ViolationCount &count : survey.violations) {
    if (count.outcome != "lost")
      steps.push_back(fmt::format(
          "Look at {}: {}, the last {}.", count.program,
          counted(count.number, "violation", "violations"), count.last));
  }
  if (steps.empty() && survey.whole() < survey.rows.size())
    steps.emplace_back("memseal run -- PROGRAM, or memseal attach PID");
  return steps;
}

}  // namespace memseal::cli
