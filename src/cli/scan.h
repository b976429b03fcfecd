// SPDX-License-Identifier: Apache-2.0
// What `memseal scan` found in files, and its faces.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "elf/hardening_tool.h"

namespace memseal::cli {

/// One thing that a file may be found to lack.
struct ScanRule {
  const char *id;
  const char *level;  ///< as SARIF has it: "error", "warning", "note"
  const char *title;
  const char *help;  ///< what it means for seals, and the cure
};
std::span<const ScanRule> scan_rules();

struct Finding {
  std::size_t rule;  ///< into scan_rules()
  std::string text;  ///< a sentence without its full stop
};

struct ScannedFile {
  std::string path;
  std::size_t size = 0;
  elf::Hardening facts;
  std::vector<Finding> findings;
  std::string flaw;  ///< why nothing is known: it is ELF, but not sound
};

struct Scan {
  std::vector<ScannedFile> files;
  std::vector<std::string> unread;  ///< sentences
};

/// What these facts lack.
std::vector<Finding> findings_of(const elf::Hardening &facts);

std::string text_of(const Scan &scan);
std::string json_of(const Scan &scan);
/// Source:  SARIF 2.1.0 (OASIS).
std::string sarif_of(const Scan &scan);

}  // namespace memseal::cli
