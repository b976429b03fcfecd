// SPDX-License-Identifier: Apache-2.0
// The register of seals (seal/register_format.h) of another process: it tells
// `memseal status`, and memseal inside that process, what a filter guards that
// was installed from outside. It enforces nothing.
#pragma once

#include <span>
#include <vector>

#include "filter/programs.h"
#include "memseal/seal_types.h"
#include "process/mappings.h"
#include "process/remote_memory.h"
#include "seal/register_format.h"
#include "tracer/remote_call.h"

namespace memseal::tracer {

/// Needs, always: every thread of the process is stopped.
class RemoteRegister {
public:
  /// Errors:  malformed: it has none that we know how to read.
  static Result<RemoteRegister> find(const process::Mappings &space,
                                     const process::RemoteMemory &memory);
  /// The one that is there, or a new and empty one.
  ///
  /// Kernel:  memfd_create: 3.17; without MADV_WIPEONFORK (4.14) a child that
  ///          is forked in the middle of a change would wait for ever, so
  ///          there is none then.
  /// Errors:  system: what the kernel answered. At worst an empty register
  ///          stays.
  static Result<RemoteRegister> find_or_make(
      const MakeCall &make, const process::Mappings &space,
      const process::RemoteMemory &memory);

  /// Whether a filter guards every page of the range, by every type.
  bool guarded_by_filter(PageRange range) const;
  BaseLevel base_level() const;
  /// What memseal has installed in the process, whoever did it.
  filter::FilterCount filters() const {
    return {header_.filters, header_.kernel_instructions};
  }

  /// Adds the ranges, guarded by `engine` (engine_bit).
  ///
  /// Errors:  system: EBUSY: the process itself is in the middle of a change.
  ///          capacity: its table is too small.
  Result<void> record(const process::RemoteMemory &memory,
                      std::span<const PageRange> ranges, SealTypes types,
                      std::uint32_t engine, const filter::FilterCount &filters);

private:
  RemoteRegister(process::RemoteAddress at, const RegisterHeader &header,
                 std::vector<RegisterEntry> entries)
      : at_(at), header_(header), entries_(std::move(entries)) {}
  static Result<RemoteRegister> read(process::RemoteAddress at,
                                     const process::RemoteMemory &memory);

  process::RemoteAddress at_;
  RegisterHeader header_;
  std::vector<RegisterEntry> entries_;
};

}  // namespace memseal::tracer
