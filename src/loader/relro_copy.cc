// SPDX-License-Identifier: Apache-2.0
#include "loader/relro_copy.h"

#include <cstring>

#include "base/inline_vector.h"
#include "sys/memory.h"

namespace memseal::loader {
namespace {

constinit InlineVector<PageRange, 512> noted;
constinit std::size_t moved = 0;  ///< of `noted`, from the first

std::size_t total_size() {
  std::size_t size = 0;
  for (PageRange relro : noted)
    size += relro.size();
  return size;
}

PageRange piece(Address begin, std::size_t size) {
  return *PageRange::create(begin, size, 1);
}

}  // namespace

void begin_relro_batch() {
  noted.clear();
  moved = 0;
}

void note_relro(PageRange relro) {
  static_cast<void>(noted.push_back(relro));
}

Result<void> move_relro() {
  if (noted.empty())
    return {};
  const PageRange copies = MEMSEAL_TRY(sys::map_populated(total_size()));
  Address at = copies.begin();
  for (PageRange relro : noted) {
    std::memcpy(reinterpret_cast<void *>(at),
                reinterpret_cast<const void *>(relro.begin()), relro.size());
    at += relro.size();
  }
  Result<void> done = sys::protect(copies, {Protection::read});
  at = copies.begin();
  for (PageRange relro : noted) {
    if (done)
      done = sys::move(piece(at, relro.size()), relro.begin());
    if (!done)
      break;
    ++moved;
    at += relro.size();
  }
  if (at < copies.end())
    static_cast<void>(sys::unmap(piece(at, copies.end() - at)));
  return done;
}

bool relro_was_moved(PageRange relro) {
  for (std::size_t i = 0; i < moved; ++i) {
    if (noted[i] == relro)
      return true;
  }
  return false;
}

}  // namespace memseal::loader
