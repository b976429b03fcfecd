// SPDX-License-Identifier: Apache-2.0
// The maps and smaps parser on any bytes: it ends, stays inside the text, and
// what it accepts is a mapping.
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "vm/maps_parser.h"

namespace {

constexpr std::size_t page = 4096;

bool lies_within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (whole.data() <= part.data() &&
          part.data() + part.size() <= whole.data() + whole.size());
}

void check(const memseal::Mapping &mapping, std::string_view text) {
  MEMSEAL_ASSERT(mapping.range.begin() < mapping.range.end());
  MEMSEAL_ASSERT(mapping.range.begin() % page == 0);
  MEMSEAL_ASSERT(mapping.range.end() % page == 0);
  MEMSEAL_ASSERT(lies_within(mapping.name, text));
  MEMSEAL_ASSERT(mapping.name.find('\n') == std::string_view::npos);

  char room[64];
  std::string_view plain = memseal::unescape_name(mapping.name, room);
  MEMSEAL_ASSERT(plain.size() <= sizeof room);
  MEMSEAL_ASSERT(plain.size() <= mapping.name.size());
  MEMSEAL_ASSERT(lies_within(memseal::path_of_name(mapping.name), text));
  memseal::kind_of_name(mapping.name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data,
                                      std::size_t size) {
  std::string_view text(reinterpret_cast<const char *>(data), size);
  memseal::MapsParser parser(text, page);
  // Every call takes at least a byte, so this bound is never reached.
  for (std::size_t calls = 0;; ++calls) {
    MEMSEAL_ASSERT(calls <= size);
    auto mapping = parser.next();
    if (!mapping)
      continue;
    if (!*mapping)
      break;
    check(**mapping, text);
    MEMSEAL_ASSERT(lies_within(parser.fields(), text));
    memseal::find_smaps_size(parser.fields(), "Rss");
  }
  return 0;
}
