// SPDX-License-Identifier: Apache-2.0
// The register of seals (seal/register_format.h) of another process, read.
//
// Whatever is read here was written by a process that may be hostile. Every
// number is checked before it is used, work is bounded, and only memory of a
// memfd is read, which answers at once: a mapping of a file may belong to
// somebody who never does.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "process/mappings.h"
#include "process/remote_memory.h"
#include "seal/register_format.h"

namespace memseal::process {

struct SealRegister {
  RemoteAddress at;
  RegisterHeader header;
  std::vector<RegisterEntry> entries;  ///< ascending and disjoint

  /// The register in force; nothing if the process has none.
  ///
  /// Errors:  malformed: it has one that cannot be true.
  ///          system: its memory cannot be read.
  static Result<std::optional<SealRegister>> find(const Mappings &mappings,
                                                  const RemoteMemory &memory);
};

/// Whether a register that says so may lie in a mapping with that many bytes:
/// format, version, and both tables where they have to be.
bool is_plausible(const RegisterHeader &header, std::uint64_t room);

/// Whether entries are whole pages, ascending, disjoint and not empty.
bool are_in_order(std::span<const RegisterEntry> entries, std::size_t page);

/// Whether a filter guards every page of the range, by every type.
bool guarded_by_filter(std::span<const RegisterEntry> entries, PageRange range);

}  // namespace memseal::process
