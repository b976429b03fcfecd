// SPDX-License-Identifier: Apache-2.0
// The interpreter on any bytes: 64 of them are a system call, the rest is a
// program. What the check refuses is never run; what it accepts ends with an
// answer, the same each time, and reads nothing but what the kernel would let
// it read (the sanitizers watch). Every instruction, accepted or not, can be
// listed.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/assert.h"
#include "bpf/listing.h"
#include "bpf/machine.h"

namespace bpf = memseal::bpf;

namespace {

void check_listing(const std::vector<bpf::Instruction> &program) {
  for (std::size_t i = 0; i < program.size(); ++i) {
    std::array<char, 64> room;
    auto line = bpf::list(program[i], i, room);
    MEMSEAL_ASSERT(!line.empty() && line.size() <= room.size());
    MEMSEAL_ASSERT(line.find('\n') == line.npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data,
                                      std::size_t size) {
  bpf::SyscallData call;
  std::size_t used = std::min(size, sizeof call);
  std::memcpy(static_cast<void *>(&call), data, used);
  std::vector<bpf::Instruction> program((size - used) /
                                        sizeof(bpf::Instruction));
  if (!program.empty())
    std::memcpy(program.data(), data + used,
                program.size() * sizeof(bpf::Instruction));
  check_listing(program);

  auto accepted = bpf::check(program);
  auto answer = bpf::run(program, call);
  MEMSEAL_ASSERT(accepted.has_value() == answer.has_value());
  if (!accepted) {
    MEMSEAL_ASSERT(answer.error() == accepted.error());
    return 0;
  }
  MEMSEAL_ASSERT(bpf::run(program, call) == answer);
  // What only returns constants can answer nothing else.
  bool constants = true, known = false;
  for (const bpf::Instruction &i : program) {
    constants = constants && i.code != bpf::op::ret_a;
    known = known || (i.code == bpf::op::ret_k && i.k == *answer) ||
            (i.code == bpf::op::div_x && *answer == 0);
  }
  MEMSEAL_ASSERT(known || !constants);
  return 0;
}
