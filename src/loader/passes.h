// SPDX-License-Identifier: Apache-2.0
// What is done to each object, and who hears of it. Shared by the objects that
// a program starts with and those that come later.
#pragma once

#include <cstdint>
#include <optional>

#include "keeper/client.h"
#include "loader/image.h"
#include "loader/object_seal.h"
#include "memseal/error.h"
#include "report/reason.h"

namespace memseal::loader {

/// Whether it matters to anybody what became of an object.
bool somebody_reads();

/// Writes down that the object stays unsealed, and why.
void leave(const Image &image, Reason reason);

/// Writes down that one thing in an object stays unsealed, and why.
/// Exits the process with 125 if --require is not met.
void leave_segment(std::string_view object, std::string_view segment,
                   Reason reason);

/// Each object is sealed as it comes. But an filter with addresses is made for
/// all at once, so they are gone through twice.
/// Before anything is sealed slots are taken away; before native seals, RELRO
/// of all is taken to anonymous memory in one go, so it is noted in a pass of
/// its own.
enum class Pass : std::uint8_t {
  take_slots,
  note_relro,
  seal,
  collect,
  conclude
};

/// While one lives objects may have their turn of Pass::seal: for a keeper what
/// is sealed in it belongs together.
class SealPass {
public:
  SealPass();
  SealPass(const SealPass &) = delete;
  SealPass &operator=(const SealPass &) = delete;
  ~SealPass();

private:
  std::optional<keeper::SealBatch> batch_;
};

/// One object's turn. `sealed` is what the second pass tells it.
/// Exits the process with 125 if --require is not met.
void handle(const Image &image, Pass pass, const Result<void> &sealed);

/// Puts in place what the pass of the slots has prepared, and seals the copies,
/// or has `commit_requests` do so.
void seal_slots();

/// Seals what the first of two passes has collected. What failed is in each
/// object's record.
Result<void> commit_requests();

}  // namespace memseal::loader
