// SPDX-License-Identifier: Apache-2.0
// What `memseal doctor` finds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace memseal::cli {

enum class Grade : std::uint8_t {
  good,  ///< sealing gains by it
  note,  ///< good to know
  weak,  ///< a vector stays open, or something costs more
  bad,   ///< memseal cannot do what it is for
};
const char *name(Grade grade);

struct Finding {
  std::string id;  ///< for scripts: "mseal", "seccomp.tsync"
  std::string title;
  Grade grade;
  std::string value;    ///< what was seen
  std::string meaning;  ///< what follows from it; may be empty
};

struct Section {
  std::string title;
  std::vector<Finding> findings;
};

/// What decides which engine and which method memseal takes.
struct Means {
  bool native = false;
  bool filter = false;
  bool keeper = false;  ///< memseal run can have one
  bool filter_needs_no_new_privs = true;
  bool trace = false;
  bool audit_module = false;
  bool libc_has_audit = false;  ///< glibc as memseal supports it
};

struct OpenVector {
  std::string vector;
  std::string why;
  std::string remedy;
};

struct Diagnosis {
  std::vector<Section> sections;
  Means means;
  std::vector<std::string> will_use;
  std::vector<OpenVector> open;
};

/// The parts, each in a file of its own; they add sections and set means.
void diagnose_kernel(Diagnosis &diagnosis);
void diagnose_process(Diagnosis &diagnosis);
void diagnose_system(Diagnosis &diagnosis);
void diagnose_installation(Diagnosis &diagnosis);
/// From all of this: what memseal will do, and what remains open.
void conclude(Diagnosis &diagnosis);

}  // namespace memseal::cli
