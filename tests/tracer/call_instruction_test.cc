// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include "tracer/call_instruction.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <optional>

#include "tracer/registers.h"
#include "vm/maps_parser.h"

namespace memseal::tracer {
namespace {

bool is_vdso(const Mapping &mapping) {
  return kind_of_name(mapping.name) == NameKind::vdso;
}

[[noreturn]] void unmap_and_wait(
    const std::function<bool(const Mapping &)> &condemned, int told) {
  auto space = process::Mappings::read(getpid(), sys::ReadSeals::without);
  for (const Mapping &mapping : space->mappings()) {
    if (mapping.protection.executable() && condemned(mapping))
      munmap(reinterpret_cast<void *>(mapping.range.begin()),
             mapping.range.size());
  }
  (void)!write(told, "", 1);
  for (;;)
    pause();
}

/// A process of which some executable mappings are gone.
class Bare {
public:
  explicit Bare(const std::function<bool(const Mapping &)> &condemned) {
    int told[2];
    EXPECT_EQ(pipe(told), 0);
    pid_ = fork();
    if (pid_ == 0)
      unmap_and_wait(condemned, told[1]);
    char byte;
    EXPECT_EQ(read(told[0], &byte, 1), 1);
    close(told[0]);
    close(told[1]);
  }
  ~Bare() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

private:
  pid_t pid_;
};

/// Whether the instruction that is found lies in the vdso; nothing if none is
/// found, or something else.
std::optional<bool> lies_in_vdso(pid_t pid) {
  auto space = process::Mappings::read(pid, sys::ReadSeals::without);
  auto memory = process::RemoteMemory::open(pid);
  if (!space || !memory)
    return {};
  auto found = find_call_instruction(*space, *memory);
  if (!found)
    return {};
  auto bytes = memory->read_value<std::array<unsigned char, 2>>(*found);
  const Mapping *mapping = space->find(found->value);
  if (!bytes || *bytes != system_call_instruction || mapping == nullptr ||
      !mapping->protection.executable())
    return {};
  return is_vdso(*mapping);
}

TEST(CallInstruction, the_one_in_the_vdso_comes_first) {
  Bare whole([](const Mapping &) { return false; });
  EXPECT_EQ(lies_in_vdso(whole.pid()), true);
}

TEST(CallInstruction, without_a_vdso_there_is_one_in_other_code) {
  Bare bare(is_vdso);
  EXPECT_EQ(lies_in_vdso(bare.pid()), false);
}

}  // namespace
}  // namespace memseal::tracer
#endif
