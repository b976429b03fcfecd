// SPDX-License-Identifier: Apache-2.0
// Sorts mappings into objects and segments. Pure: what is loaded, and what a
// process says of its seals, it is told.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "elf/layout.h"
#include "process/mappings.h"
#include "process/process_view.h"

namespace memseal::process {

/// What a file mapping turned out to be the begin of.
struct FoundObject {
  std::optional<elf::Layout> layout;  ///< set: a loaded object
  std::string note;                   ///< what is odd about the file; empty
};
using FindObject = std::function<FoundObject(const Mapping &first)>;

/// Time and memory are linear in mappings and claims together, whatever the
/// process makes of them.
///
/// `kept` is what a keeper keeps. Needs: both ascending and disjoint.
std::vector<Object> sort_into_objects(const Mappings &mappings,
                                      std::span<const FilterSeal> claims,
                                      std::span<const PageRange> kept,
                                      const FindObject &find_object);

}  // namespace memseal::process
