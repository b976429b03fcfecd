// SPDX-License-Identifier: Apache-2.0
// The readers of stubs on any code: they end, stay inside it, and a stub that
// was pointed elsewhere leads there, with nothing else changed.
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/assert.h"
#include "elf/plt.h"

namespace {

using namespace memseal;

using Read = std::optional<elf::Stub> (*)(elf::Code, std::size_t);
using Point = bool (*)(std::span<std::byte>, Address, elf::Stub, Address);

void check(elf::Code code, Read read, Point point, std::size_t changed) {
  for (std::size_t at = 0; at <= code.bytes.size() + 1; ++at) {
    auto stub = read(code, at);
    if (!stub)
      continue;
    MEMSEAL_ASSERT(stub->at >= at && stub->at + changed <= code.bytes.size());
    // A buffer of its own size, for the sanitizer.
    std::vector<std::byte> copy(code.bytes.begin(), code.bytes.end());
    const Address to = (code.begin & ~Address{7}) - 0x7000;
    MEMSEAL_ASSERT(point(copy, code.begin, *stub, to));
    auto again = read({copy, code.begin}, at);
    MEMSEAL_ASSERT(again && again->at == stub->at && again->slot == to);
    for (std::size_t i = 0; i < copy.size(); ++i)
      MEMSEAL_ASSERT(copy[i] == code.bytes[i] ||
                     (i >= stub->at && i < stub->at + changed));
    return;  // one is enough for one input
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data,
                                      std::size_t size) {
  std::vector<std::byte> code(size);
  if (size != 0)
    std::memcpy(code.data(), data, size);
  const Address begin = 0x7f1234560000;
  check({code, begin}, elf::read_stub_x86_64, elf::point_stub_x86_64, 4);
  check({code, begin}, elf::read_stub_aarch64, elf::point_stub_aarch64, 16);
  for (std::size_t at = 0; at <= size + 1; ++at) {
    std::size_t length =
        elf::read_resolver_stub_x86_64({code, begin}, at, begin + 0x3000);
    MEMSEAL_ASSERT(length == 0 || at + length <= size);
  }
  elf::PltRelocations relocations{code};
  for (std::size_t i = 0; i < relocations.size(); ++i)
    MEMSEAL_ASSERT(relocations[i].r_offset == relocations[i].r_offset);
  return 0;
}
