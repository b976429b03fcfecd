// SPDX-License-Identifier: Apache-2.0
#include "elf/hardening_tool.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "elf/file.h"
#include "elf/layout.h"

namespace memseal::elf {
namespace {

/// Functions of which glibc has a variant that checks lengths, __NAME_chk;
/// sorted. Source: the symbols of glibc 2.36.
constexpr std::string_view checked[] = {
    "asprintf",        "confstr",        "dprintf",        "fdelt",
    "fgets",           "fgets_unlocked", "fgetws",         "fgetws_unlocked",
    "fprintf",         "fread",          "fread_unlocked", "fwprintf",
    "getcwd",          "getdomainname",  "getgroups",      "gethostname",
    "getlogin_r",      "gets",           "getwd",          "longjmp",
    "mbsnrtowcs",      "mbsrtowcs",      "mbstowcs",       "memcpy",
    "memmove",         "mempcpy",        "memset",         "obstack_printf",
    "obstack_vprintf", "poll",           "ppoll",          "pread",
    "pread64",         "printf",         "ptsname_r",      "read",
    "readlink",        "readlinkat",     "realpath",       "recv",
    "recvfrom",        "snprintf",       "sprintf",        "stpcpy",
    "stpncpy",         "strcat",         "strcpy",         "strncat",
    "strncpy",         "swprintf",       "syslog",         "ttyname_r",
    "vasprintf",       "vdprintf",       "vfprintf",       "vfwprintf",
    "vprintf",         "vsnprintf",      "vsprintf",       "vswprintf",
    "vsyslog",         "vwprintf",       "wcpcpy",         "wcpncpy",
    "wcrtomb",         "wcscat",         "wcscpy",         "wcsncat",
    "wcsncpy",         "wcsnrtombs",     "wcsrtombs",      "wcstombs",
    "wctomb",          "wmemcpy",        "wmemmove",       "wmempcpy",
    "wmemset",         "wprintf"};

bool is_checked(std::string_view name) {
  return std::ranges::binary_search(checked, name);
}

/// What symbol tables tell; a table that leaves the file is none.
struct Symbols {
  bool any = false, stack_check = false, fortified = false, plain = false;

  void note(std::string_view name, bool undefined) {
    any = true;
    stack_check = stack_check || name == "__stack_chk_fail" ||
                  name == "__stack_chk_guard";
    if (!undefined)
      return;
    if (name.starts_with("__") && name.ends_with("_chk"))
      fortified = fortified || is_checked(name.substr(2, name.size() - 6));
    else
      plain = plain || is_checked(name);
  }
};

template <typename Entry>
Entry entry_at(Bytes bytes, std::size_t offset) {
  Entry entry;
  std::memcpy(&entry, bytes.data() + offset, sizeof entry);
  return entry;
}

/// The bytes of a section; empty if they are not all there.
Bytes contents(Bytes file, const Elf64_Shdr &section) {
  if (section.sh_type == SHT_NOBITS || section.sh_offset > file.size() ||
      section.sh_size > file.size() - section.sh_offset)
    return {};
  return file.subspan(section.sh_offset, section.sh_size);
}

void read_table(Bytes table, Bytes strings, Symbols &symbols) {
  for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= table.size();
       at += sizeof(Elf64_Sym)) {
    auto symbol = entry_at<Elf64_Sym>(table, at);
    unsigned type = ELF64_ST_TYPE(symbol.st_info);
    if (symbol.st_name >= strings.size() ||
        (type != STT_FUNC && type != STT_NOTYPE && type != STT_GNU_IFUNC))
      continue;
    auto *name = reinterpret_cast<const char *>(strings.data());
    std::string_view text(
        name + symbol.st_name,
        strnlen(name + symbol.st_name, strings.size() - symbol.st_name));
    // A static table has the version behind the name.
    text = text.substr(0, text.find('@'));
    if (!text.empty())
      symbols.note(text, symbol.st_shndx == SHN_UNDEF);
  }
}

Symbols symbols_of(Bytes file, const Elf64_Ehdr &header) {
  Symbols symbols;
  if (header.e_shentsize != sizeof(Elf64_Shdr) ||
      header.e_shoff > file.size() ||
      header.e_shnum > (file.size() - header.e_shoff) / sizeof(Elf64_Shdr))
    return symbols;
  auto section = [&](std::size_t i) {
    return entry_at<Elf64_Shdr>(file, header.e_shoff + i * sizeof(Elf64_Shdr));
  };
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr table = section(i);
    if ((table.sh_type == SHT_SYMTAB || table.sh_type == SHT_DYNSYM) &&
        table.sh_link < header.e_shnum)
      read_table(contents(file, table), contents(file, section(table.sh_link)),
                 symbols);
  }
  return symbols;
}

FileKind kind_of(const File &file) {
  const DynamicSection &dynamic = file.dynamic();
  bool is_pie = (dynamic.value(DT_FLAGS_1) & DF_1_PIE) != 0;
  if (!file.interpreter().empty())
    // A library may name a loader, to print its version when it is executed.
    return is_pie || file.header().e_type == ET_EXEC || file.soname().empty()
               ? FileKind::program
               : FileKind::library;
  if (file.header().e_type == ET_EXEC || is_pie)
    return FileKind::static_program;
  return file.header().e_type == ET_DYN ? FileKind::library : FileKind::other;
}

std::size_t lazy_slots(const DynamicSection &dynamic) {
  if (!dynamic.has(DT_JMPREL))
    return 0;
  std::size_t each = dynamic.value(DT_PLTREL) == DT_REL ? sizeof(Elf64_Rel)
                                                        : sizeof(Elf64_Rela);
  return dynamic.value(DT_PLTRELSZ) / each;
}

void measure(const Layout &layout, Hardening &result) {
  for (const Part &part : layout.parts()) {
    if (part.sealable())
      result.sealable += part.range.size();
    if (part.kind == PartKind::relro)
      result.relro_bytes += part.range.size();
  }
}

}  // namespace

const char *name(FileKind kind) {
  switch (kind) {
    case FileKind::program:
      return "program";
    case FileKind::library:
      return "library";
    case FileKind::static_program:
      return "static program";
    case FileKind::other:
      return "other";
  }
  return "other";
}

Refusable<Hardening, Flaw> hardening_of(Bytes bytes, std::size_t page) {
  File file = MEMSEAL_TRY(File::create(bytes, page));
  ProgramHeaders headers = MEMSEAL_TRY(read_program_headers(bytes));
  Layout layout =
      MEMSEAL_TRY(Layout::create(headers, {.bias = 0, .page = page}));
  const DynamicSection &dynamic = file.dynamic();
  Hardening result;
  result.kind = kind_of(file);
  measure(layout, result);
  result.relro = headers.has(PT_GNU_RELRO);
  result.bind_now = dynamic.has(DT_BIND_NOW) ||
                    (dynamic.value(DT_FLAGS) & DF_BIND_NOW) != 0 ||
                    (dynamic.value(DT_FLAGS_1) & DF_1_NOW) != 0;
  if (!result.bind_now && result.kind != FileKind::static_program)
    result.lazy_slots = lazy_slots(dynamic);
  result.text_relocations = dynamic.has_text_relocations();
  result.executable_stack = file.wants_executable_stack();
  for (std::size_t i = 0; i < headers.size(); ++i) {
    Elf64_Phdr entry = headers[i];
    result.writable_code =
        result.writable_code ||
        (entry.p_type == PT_LOAD && (entry.p_flags & (PF_W | PF_X)) ==
                                        static_cast<Elf64_Word>(PF_W | PF_X));
  }
  result.position_independent = file.header().e_type == ET_DYN;
  Symbols symbols = symbols_of(bytes, file.header());
  if (symbols.any)
    result.stack_protector = symbols.stack_check ? Known::yes : Known::no;
  if (symbols.fortified || symbols.plain)
    result.fortified = symbols.fortified ? Known::yes : Known::no;
  return result;
}

}  // namespace memseal::elf
