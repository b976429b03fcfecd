// SPDX-License-Identifier: Apache-2.0
// What is sealed in many processes: a row each, of which tables, metrics and
// pages are made.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/machine.h"
#include "cli/terminal.h"
#include "cli/violation_count.h"
#include "process/descendants.h"
#include "process/process_view.h"
#include "process/refusal.h"

namespace memseal::cli {

/// Whose a process is. Any of it may be empty: not known.
struct Owner {
  int pid = 0;
  std::string name;  ///< comm
  std::string user;  ///< a name, or the number where none is known
  std::string unit;
};

struct Surveyed {
  Owner owner;
  std::string executable, command;
  process::Totals totals;
  std::string engine, libc;
  std::string doubt;  ///< why claims of its were not counted; empty

  bool whole() const { return totals.sealable.whole(); }
  bool none() const { return totals.sealable.sealed == 0; }
};

struct Unread {
  Owner owner;
  process::Refusal why;
};

struct Survey {
  Machine machine;
  std::vector<Surveyed> rows;
  std::vector<Unread> unread;
  std::vector<ViolationCount> violations;
  bool asked_for_violations = false;

  std::size_t whole() const;
  std::size_t in_part() const;
  process::Totals totals() const;
};

/// Turns user IDs into names, each looked up once.
class UserNames {
public:
  std::string of(std::optional<unsigned> id);

private:
  std::vector<std::pair<unsigned, std::string>> known_;
};

Owner owner_of(const process::ProcessView &space, UserNames &names);
/// Of a process that could not be looked at.
Owner owner_of(int pid, UserNames &names);

Surveyed row_of(const process::ProcessView &space, UserNames &names);

/// All processes, or those named; kernel threads, and what ends meanwhile, left
/// out.
Survey survey_of(std::span<const process::Descendant> targets);

/// The sum of processes of one kind of unit (service::kind_of_unit).
struct UnitRow {
  std::string unit;  ///< empty: of no unit
  std::size_t processes = 0, whole = 0;
  process::Share sealable;
};
/// Sorted by name. More than `at_most` become one row at the end, "(other)".
std::vector<UnitRow> units_of(const Survey &survey, std::size_t at_most);

/// What somebody who wants all of it sealed would do next; sentences.
std::vector<std::string> next_steps(const Survey &survey);

std::string table_of(const Survey &survey, Colour colour);
std::string summary_of(const Survey &survey, Colour colour);
std::string csv_of(const Survey &survey);
std::string prometheus_of(const Survey &survey);
std::string html_of(const Survey &survey);

/// "1 process", "2 processes".
std::string counted(std::size_t number, std::string_view one,
                    std::string_view many);

}  // namespace memseal::cli
