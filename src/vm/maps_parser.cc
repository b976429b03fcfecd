// SPDX-License-Identifier: Apache-2.0
//
// A line of maps, from show_map_vma() in the kernel's fs/proc/task_mmu.c:
//
//   55d0c9a4c000-55d0c9a4e000 r-xp 00002000 fe:00 1312  /usr/bin/true
//   begin        end          prot offset   device inode name
//
// The name is padded to column 73 with blanks; everything behind the blanks is
// the name, later blanks included. In smaps a block of `Name: value` lines
// follows, of which the last is VmFlags.
#include "vm/maps_parser.h"

#include <charconv>

namespace memseal {
namespace {

/// Reads fields off the front of a line. Once something is missing, it stays
/// failed, so the caller asks only at the end.
class Cursor {
public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  template <typename T>
  T number(int base) {
    T value = 0;
    auto [end, error] =
        std::from_chars(rest_.data(), rest_.data() + rest_.size(), value, base);
    // from_chars takes a minus sign only for signed types, and T never is.
    if (error != std::errc())
      return refuse<T>();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  void skip(char c) {
    if (rest_.empty() || rest_.front() != c)
      refuse<int>();
    else
      rest_.remove_prefix(1);
  }

  /// Takes one of two letters; whether it was `yes`.
  bool letter(char yes, char no) {
    if (rest_.empty() || (rest_.front() != yes && rest_.front() != no))
      return refuse<bool>();
    bool is_yes = rest_.front() == yes;
    rest_.remove_prefix(1);
    return is_yes;
  }

  void skip_blanks() {
    while (!rest_.empty() && rest_.front() == ' ')
      rest_.remove_prefix(1);
  }

  bool failed() const { return failed_; }
  std::string_view rest() const { return rest_; }

private:
  template <typename T>
  T refuse() {
    failed_ = true;
    rest_ = {};
    return T{};
  }

  std::string_view rest_;
  bool failed_ = false;
};

/// Takes what stands before the first `end` off the text, `end` included;
/// returns it without. Everything if there is no `end`.
///
/// Neither find nor substr: the first is libc's memchr, the second may throw,
/// and this file is also built where there is neither.
std::string_view take_until(std::string_view &text, char end) {
  std::size_t length = 0;
  while (length < text.size() && text[length] != end)
    ++length;
  std::string_view taken(text.data(), length);
  text.remove_prefix(length < text.size() ? length + 1 : length);
  return taken;
}

std::string_view take_line(std::string_view &text) {
  return take_until(text, '\n');
}

/// The value of the field `name` among smaps fields.
std::optional<std::string_view> find_field(std::string_view fields,
                                           std::string_view name) {
  while (!fields.empty()) {
    std::string_view value = take_line(fields);
    if (take_until(value, ':') == name)
      return value;
  }
  return std::nullopt;
}

}  // namespace

Result<Mapping> parse_mapping_line(std::string_view line, std::size_t page) {
  Cursor at(line);
  Address begin = at.number<Address>(16);
  at.skip('-');
  Address end = at.number<Address>(16);
  at.skip(' ');
  unsigned bits = at.letter('r', '-') ? Protection::read : 0;
  bits |= at.letter('w', '-') ? Protection::write : 0;
  bits |= at.letter('x', '-') ? Protection::exec : 0;
  Sharing sharing =
      at.letter('s', 'p') ? Sharing::shared : Sharing::private_copy;
  at.skip(' ');
  std::uint64_t offset = at.number<std::uint64_t>(16);
  at.skip(' ');
  std::uint32_t device_major = at.number<std::uint32_t>(16);
  at.skip(':');
  std::uint32_t device_minor = at.number<std::uint32_t>(16);
  at.skip(' ');
  std::uint64_t inode = at.number<std::uint64_t>(10);
  if (at.failed() || end <= begin)
    return fail(Errc::malformed);
  if (!at.rest().empty())
    at.skip(' ');
  at.skip_blanks();
  Result<PageRange> range = PageRange::create(begin, end - begin, page);
  if (at.failed() || !range)
    return fail(Errc::malformed);
  return Mapping{.range = *range,
                 .protection = {bits},
                 .sharing = sharing,
                 .offset = offset,
                 .inode = inode,
                 .device_major = device_major,
                 .device_minor = device_minor,
                 .name = at.rest()};
}

KernelSeal find_vm_flag(std::string_view fields, std::string_view flag) {
  std::optional<std::string_view> flags = find_field(fields, "VmFlags");
  if (!flags)
    return KernelSeal::unknown;
  while (!flags->empty()) {
    if (take_until(*flags, ' ') == flag)
      return KernelSeal::present;
  }
  return KernelSeal::absent;
}

/// "ProtectionKey:         1". Source: Linux, arch/x86/kernel/fpu/xstate.c and
/// arch/powerpc, arch_show_smap.
std::uint32_t find_protection_key(std::string_view fields) {
  std::optional<std::string_view> value = find_field(fields, "ProtectionKey");
  if (!value)
    return 0;
  Cursor at(*value);
  at.skip_blanks();
  auto key = at.number<std::uint32_t>(10);
  return at.failed() ? 0 : key;
}

void add_to_lasting(std::string_view field, Lasting &lasting) {
  auto is_set = [field](std::string_view flag) {
    return find_vm_flag(field, flag) == KernelSeal::present;
  };
  lasting.clean |= find_smaps_size(field, "Private_Clean").value_or(0) != 0 ||
                   find_smaps_size(field, "Shared_Clean").value_or(0) != 0;
  lasting.droppable |= is_set("dp");
  lasting.not_in_child |= is_set("dc");
  lasting.empty_in_child |= is_set("wf");
}

std::optional<std::uint64_t> find_smaps_size(std::string_view fields,
                                             std::string_view name) {
  std::optional<std::string_view> value = find_field(fields, name);
  if (!value)
    return std::nullopt;
  Cursor at(*value);
  at.skip_blanks();
  auto kibibytes = at.number<std::uint64_t>(10);
  if (at.failed() || at.rest() != " kB" || kibibytes > UINT64_MAX / 1024)
    return std::nullopt;
  return kibibytes * 1024;
}

Result<std::optional<Mapping>> MapsParser::next() {
  fields_ = {};
  if (rest_.empty())
    return std::nullopt;
  std::string_view line = take_line(rest_);
  // Fields without a mapping above them belong to a line that was malformed.
  while (is_smaps_field(line)) {
    if (rest_.empty())
      return std::nullopt;
    line = take_line(rest_);
  }

  std::string_view fields = rest_;
  while (is_smaps_field(rest_))
    take_line(rest_);
  fields.remove_suffix(rest_.size());

  Mapping mapping = MEMSEAL_TRY(parse_mapping_line(line, page_));
  fields_ = fields;
  mapping.seal = find_vm_flag(fields, "sl");
  mapping.page_size = find_smaps_size(fields, "KernelPageSize").value_or(0);
  mapping.protection_key = find_protection_key(fields);
  return mapping;
}

NameKind kind_of_name(std::string_view name) {
  if (name.empty())
    return NameKind::none;
  if (name.front() != '[')
    return NameKind::file;
  if (name == "[heap]")
    return NameKind::heap;
  // Linux 3.4 to 4.4 named the stacks of threads [stack:TID].
  if (name == "[stack]" || name.starts_with("[stack:"))
    return NameKind::stack;
  if (name == "[vdso]")
    return NameKind::vdso;
  if (name == "[vvar]" || name == "[vvar_vclock]")
    return NameKind::vvar;
  if (name == "[vsyscall]")
    return NameKind::vsyscall;
  if (name.starts_with("[anon:") || name.starts_with("[anon_shmem:"))
    return NameKind::labelled;
  return NameKind::special;
}

bool name_is_deleted(std::string_view name) {
  return kind_of_name(name) == NameKind::file && name.ends_with(" (deleted)");
}

std::string_view path_of_name(std::string_view name) {
  if (name_is_deleted(name))
    name.remove_suffix(std::string_view(" (deleted)").size());
  return name;
}

std::string_view unescape_name(std::string_view name, std::span<char> out) {
  auto octal = [](char c) { return '0' <= c && c <= '7'; };
  std::size_t filled = 0;
  while (!name.empty() && filled < out.size()) {
    char c = name.front();
    std::size_t taken = 1;
    if (c == '\\' && name.size() >= 4 && '0' <= name[1] && name[1] <= '3' &&
        octal(name[2]) && octal(name[3])) {
      c = static_cast<char>((name[1] - '0') * 64 + (name[2] - '0') * 8 +
                            (name[3] - '0'));
      taken = 4;
    }
    out[filled++] = c;
    name.remove_prefix(taken);
  }
  return {out.data(), filled};
}

}  // namespace memseal
