// SPDX-License-Identifier: Apache-2.0
// The register of seals (seal/register_format.h) of another process: it tells
// `memseal status`, and memseal inside that process, what a filter guards that
// was installed from outside. It enforces nothing.
#pragma once

#include <span>
#include <utility>

#include "filter/programs.h"
#include "memseal/seal_types.h"
#include "process/mappings.h"
#include "process/remote_memory.h"
#include "process/seal_register.h"
#include "tracer/remote_call.h"
#include "vm/enforcement.h"

namespace memseal::tracer {

/// Needs, always: every thread of the process is stopped.
class RemoteRegister {
public:
  /// Errors:  malformed: it has none, or none that can be true.
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
  bool guarded_by_filter(PageRange range) const {
    return process::guarded_by_filter(register_.entries, range);
  }
  BaseLevel base_level() const;
  /// What memseal has installed in the process, whoever did it.
  filter::FilterCount filters() const {
    return {register_.header.filters, register_.header.kernel_instructions};
  }

  /// Adds the ranges, enforced by `engine`.
  ///
  /// Errors:  system: EBUSY: the process itself is in the middle of a change.
  ///          capacity: its table is too small.
  Result<void> record(const process::RemoteMemory &memory,
                      std::span<const PageRange> ranges, SealTypes types,
                      Engine engine, const filter::FilterCount &filters);

private:
  explicit RemoteRegister(process::SealRegister found)
      : register_(std::move(found)) {}

  process::SealRegister register_;
};

}  // namespace memseal::tracer
