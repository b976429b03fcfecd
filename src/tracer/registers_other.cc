// SPDX-License-Identifier: Apache-2.0
// Where nobody has yet taught the tracer the registers, `Tracee::seize` refuses
// before any of these is asked.
#if !defined(__x86_64__)
#include "base/assert.h"
#include "tracer/registers.h"

namespace memseal::tracer {
namespace {

[[noreturn]] void unknown_machine() {
  MEMSEAL_ASSERT(!"the tracer knows the registers of x86-64 only");
  __builtin_unreachable();
}

}  // namespace

process::RemoteAddress Registers::program_counter() const {
  unknown_machine();
}
void Registers::set_program_counter(process::RemoteAddress) {
  unknown_machine();
}
long Registers::system_call() const {
  unknown_machine();
}
void Registers::set_no_system_call() {
  unknown_machine();
}
std::uint64_t Registers::argument(unsigned) const {
  unknown_machine();
}
long Registers::answer() const {
  unknown_machine();
}
void Registers::set_answer(long) {
  unknown_machine();
}
void Registers::set_call(long, const std::array<std::uint64_t, 6> &) {
  unknown_machine();
}
void Registers::set_compat_call(long, const std::array<std::uint64_t, 6> &) {
  unknown_machine();
}
Registers Registers::restarted() const {
  unknown_machine();
}
bool spare_interruption(Registers &) {
  unknown_machine();
}

}  // namespace memseal::tracer
#endif
