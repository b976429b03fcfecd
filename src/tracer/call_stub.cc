// SPDX-License-Identifier: Apache-2.0
#include "tracer/call_stub.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "sys/memory.h"
#include "vm/maps_parser.h"

namespace memseal::tracer {
namespace {

// What a dead tracer left begins so, and may be overwritten. The bytes are data
// before the first instruction.
constexpr char mark[9] = "memseal~";
constexpr std::size_t mark_size = 8;

#if defined(__x86_64__)
// No instruction here changes a flag: mov, lea, jmp and jrcxz do not, and
// `syscall` brings them back from r11.
//
//    0        lea  table(%rip), %rbx
//    7 next:  mov  (%rbx), %rax            the number
//   10        mov  8(%rbx), %rdi           and the arguments
//   14        mov  16(%rbx), %rsi
//   18        mov  24(%rbx), %rdx
//   22        mov  32(%rbx), %r10
//   26        mov  40(%rbx), %r8
//   30        mov  48(%rbx), %r9
//   34        syscall
//   36        lea  56(%rbx), %rbx
//   40        mov  (%rbx), %rcx
//   43        jrcxz done                   number 0 ends the table
//   45        jmp  next
//   47 done:  mov  saved(%rip), %rax       and rcx, rdx, rsi, rdi, r8, r9, r10,
//                                          r11, rbx
//  117        jmp  *pc(%rip)
//  123        ud2, ud2                     nobody comes here
// clang-format off
constexpr unsigned char code[] = {
    0x48, 0x8d, 0x1d, 0, 0, 0, 0,
    0x48, 0x8b, 0x03,
    0x48, 0x8b, 0x7b, 0x08,
    0x48, 0x8b, 0x73, 0x10,
    0x48, 0x8b, 0x53, 0x18,
    0x4c, 0x8b, 0x53, 0x20,
    0x4c, 0x8b, 0x43, 0x28,
    0x4c, 0x8b, 0x4b, 0x30,
    0x0f, 0x05,
    0x48, 0x8d, 0x5b, 0x38,
    0x48, 0x8b, 0x0b,
    0xe3, 0x02,
    0xeb, 0xd8,
    0x48, 0x8b, 0x05, 0, 0, 0, 0,
    0x48, 0x8b, 0x0d, 0, 0, 0, 0,
    0x48, 0x8b, 0x15, 0, 0, 0, 0,
    0x48, 0x8b, 0x35, 0, 0, 0, 0,
    0x48, 0x8b, 0x3d, 0, 0, 0, 0,
    0x4c, 0x8b, 0x05, 0, 0, 0, 0,
    0x4c, 0x8b, 0x0d, 0, 0, 0, 0,
    0x4c, 0x8b, 0x15, 0, 0, 0, 0,
    0x4c, 0x8b, 0x1d, 0, 0, 0, 0,
    0x48, 0x8b, 0x1d, 0, 0, 0, 0,
    0xff, 0x25, 0, 0, 0, 0,
    0x0f, 0x0b, 0x0f, 0x0b, 0x90,
};
// clang-format on
static_assert(sizeof code == 128);
constexpr std::size_t after_call_at = 36;
// Where the 32-bit distances lie, in the order of the words below.
constexpr std::size_t distances[] = {50, 57, 64,  71,  78, 85,
                                     92, 99, 106, 113, 119};
constexpr std::size_t table_distance = 3;

std::array<std::uint64_t, 11> words_of(const Registers &r) {
  return {r.raw.rax, r.raw.rcx, r.raw.rdx, r.raw.rsi, r.raw.rdi, r.raw.r8,
          r.raw.r9,  r.raw.r10, r.raw.r11, r.raw.rbx, r.raw.rip};
}
#else
constexpr unsigned char code[8] = {};
constexpr std::size_t after_call_at = 0;
constexpr std::array<std::size_t, 0> distances{};
constexpr std::size_t table_distance = 0;
std::array<std::uint64_t, 0> words_of(const Registers &) {
  return {};
}
#endif

constexpr std::size_t words_at = mark_size + sizeof code;
constexpr std::size_t table_at =
    words_at + std::size(distances) * sizeof(std::uint64_t);
constexpr std::size_t entry_size = 7 * sizeof(std::uint64_t);

void append(std::vector<std::byte> &bytes, const void *data, std::size_t size) {
  auto *from = static_cast<const std::byte *>(data);
  bytes.insert(bytes.end(), from, from + size);
}

}  // namespace

std::size_t CallStub::capacity(std::size_t size) {
  std::size_t fixed = table_at + sizeof(std::uint64_t);
  return size < fixed ? 0 : (size - fixed) / entry_size;
}

CallStub::CallStub(process::RemoteAddress at, std::span<const RemoteCall> calls,
                   const Registers &return_to)
    : at_(at) {
  append(bytes_, mark, mark_size);
  append(bytes_, code, sizeof code);
  for (std::uint64_t word : words_of(return_to))
    append(bytes_, &word, sizeof word);
  for (const RemoteCall &call : calls) {
    MEMSEAL_ASSERT(call.number != 0);
    const auto number = static_cast<std::uint64_t>(call.number);
    append(bytes_, &number, sizeof number);
    append(bytes_, call.arguments.data(), sizeof call.arguments);
  }
  const std::uint64_t end = 0;
  append(bytes_, &end, sizeof end);

  place(table_distance, table_at);
  for (std::size_t i = 0; i < std::size(distances); ++i)
    place(distances[i], words_at + i * sizeof(std::uint64_t));
}

/// Distances count from behind the distance itself, the last of its
/// instruction.
void CallStub::place(std::size_t displacement_at, std::size_t target) {
  std::size_t from = mark_size + displacement_at;
  auto distance =
      static_cast<std::int32_t>(target - (from + sizeof(std::int32_t)));
  std::memcpy(bytes_.data() + from, &distance, sizeof distance);
}

process::RemoteAddress CallStub::entry() const {
  return at_ + mark_size;
}

process::RemoteAddress CallStub::after_call() const {
  return at_ + mark_size + after_call_at;
}

namespace {

/// The unused end of one executable mapping.
CodePadding padding_in(const Mapping &mapping,
                       const process::RemoteMemory &memory) {
  std::size_t page = sys::page_size();
  std::vector<std::byte> last(page);
  Address begin = mapping.range.end() - page;
  if (!memory.read({begin}, last))
    return {};
  std::string_view text(reinterpret_cast<const char *>(last.data()), page);
  std::size_t used = text.rfind(mark);
  if (used == std::string_view::npos)
    used = text.find_last_not_of('\0') + 1;  // npos + 1 is 0
  // A page of nothing but zeros may be read by somebody; a tail is padding.
  used = (used + 63) & ~std::size_t{63};
  if (used == 0 || used >= page)
    return {};
  return {{begin + used}, page - used};
}

}  // namespace

Result<CodePadding> find_code_padding(const process::Mappings &space,
                                      const process::RemoteMemory &memory) {
  constexpr std::size_t enough_calls = 4;
  CodePadding best;
  for (const Mapping &mapping : space.mappings()) {
    bool is_vdso = kind_of_name(mapping.name) == NameKind::vdso;
    if (!mapping.protection.executable() || mapping.protection.writable() ||
        !mapping.protection.readable() || mapping.sharing == Sharing::shared ||
        (!is_vdso && mapping.inode == 0))
      continue;
    CodePadding padding = padding_in(mapping, memory);
    if (CallStub::capacity(padding.size) < enough_calls)
      continue;
    if (is_vdso)
      return padding;
    if (padding.size > best.size)
      best = padding;
  }
  if (best.size == 0)
    return fail(Errc::capacity);
  return best;
}

}  // namespace memseal::tracer
