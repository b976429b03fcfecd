// SPDX-License-Identifier: Apache-2.0
// Seals one object: its parts, in as few requests as its holes allow.
#pragma once

#include <cstddef>
#include <span>

#include "base/inline_vector.h"
#include "keeper/client.h"
#include "loader/engine_choice.h"
#include "loader/image.h"
#include "memseal/seal.h"
#include "report/reason.h"

namespace memseal::loader {

struct PartOutcome {
  elf::Part part;
  Outcome outcome;
};

/// What became of an object. `whole` is set, and `parts` is empty, if its parts
/// are not even known. Too big for a stack.
struct ObjectOutcome {
  Outcome whole;
  InlineVector<PartOutcome, elf::Layout::max_parts> parts;

  /// The first shortfall, or `none`.
  Outcome shortfall() const;
  void clear() {
    whole = {};
    parts.clear();
  }
};

/// Whether to make sure that the loader has protected RELRO. The loader always
/// has, before it calls us; but who writes a report should know, not believe.
enum class RelroCheck : std::uint8_t { trust_loader, ask_kernel };

/// Seals what is wanted of the object and sealable, by mseal(2), a keeper, or
/// both. Not where filters are made. `batch`: where a keeper seals.
///
/// Needs:   the object is relocated.
/// Context: before-main.
void seal_object(const Image &image, SegmentSet wanted, RelroCheck check,
                 Engine engine, keeper::SealBatch *batch,
                 ObjectOutcome &outcome);

/// Seals pages that belong to no object. Not where filters are made.
Outcome seal_pages(PageRange range, Engine engine, keeper::SealBatch *batch);

/// With filters with addresses it is one commit for many objects, since each
/// commit is a filter and a stack of them is slow: first all objects are
/// collected, then sealed together, then each hears what came of it.
using Requests = InlineVector<SealRequest, 1024>;

/// Adds what is wanted of the object and sealable. Returns whether there was
/// room; if not, nothing is added.
bool collect_object(const Image &image, SegmentSet wanted, SealTypes types,
                    Requests &requests);

/// What became of an object that was collected, after all were sealed or none.
void conclude_object(const Image &image, SegmentSet wanted,
                     const Result<void> &sealed, ObjectOutcome &outcome);

/// What it would have sealed, each part with `reason` instead.
void leave_object(const Image &image, Reason reason, ObjectOutcome &outcome);

}  // namespace memseal::loader
