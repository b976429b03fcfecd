// SPDX-License-Identifier: Apache-2.0
#include "tracer/call_instruction.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "tracer/registers.h"
#include "vm/maps_parser.h"

namespace memseal::tracer {
namespace {

std::optional<process::RemoteAddress> find_in(
    const Mapping &mapping, const process::RemoteMemory &memory) {
  if (!mapping.protection.executable())
    return {};
  std::vector<unsigned char> code(mapping.range.size());
  if (!memory.read({mapping.range.begin()},
                   std::as_writable_bytes(std::span(code))))
    return {};
  auto found = std::ranges::search(code, system_call_instruction);
  if (found.empty())
    return {};
  return process::RemoteAddress{mapping.range.begin() +
                                std::uint64_t(found.begin() - code.begin())};
}

}  // namespace

Result<process::RemoteAddress> find_call_instruction(
    const process::Mappings &space, const process::RemoteMemory &memory) {
  for (bool vdso : {true, false}) {
    for (const Mapping &mapping : space.mappings()) {
      if ((kind_of_name(mapping.name) == NameKind::vdso) != vdso)
        continue;
      if (auto found = find_in(mapping, memory))
        return *found;
    }
  }
  return fail(Errc::capacity);
}

}  // namespace memseal::tracer
