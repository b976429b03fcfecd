// SPDX-License-Identifier: Apache-2.0
#include "differential/program.h"

#include <ostream>

namespace memseal::differential {
namespace {

struct Bytes {
  Length length;
};
std::ostream &operator<<(std::ostream &out, Bytes bytes) {
  if (bytes.length.pages < 0 || bytes.length.bytes() > (1ull << 40))
    return out << "2^64-" << -bytes.length.bytes();
  out << int{bytes.length.pages} << " pages";
  if (bytes.length.rest != 0)
    out << (bytes.length.rest > 0 ? "+1" : "-1");
  return out;
}

const char *backing_name(unsigned backing) {
  constexpr const char *names[] = {"anonymous", "private file", "shared",
                                   "droppable"};
  return names[backing];
}

}  // namespace

std::ostream &operator<<(std::ostream &out, const Step &s) {
  auto range = [&](const char *name) -> std::ostream & {
    return out << name << "(page " << int{s.at} << (s.unaligned ? "+1" : "")
               << ", " << Bytes{s.length};
  };
  switch (s.kind) {
    case Kind::map:
    case Kind::map_gently:
      return range(s.kind == Kind::map ? "mmap FIXED" : "mmap NOREPLACE")
             << ", prot " << int{s.protection} << ", "
             << backing_name(s.backing) << ")";
    case Kind::unmap:
      return range("munmap") << ")";
    case Kind::protect:
      return range("mprotect") << ", prot " << int{s.protection} << ")";
    case Kind::pkey_protect:
      return range("pkey_mprotect") << ", prot " << int{s.protection} << ")";
    case Kind::advise:
      return range("madvise") << ", " << advices[s.advice] << ")";
    case Kind::remap:
      return range("mremap") << ", to " << Bytes{s.new_length} << ", flags "
                             << int{s.flags} << ")";
    case Kind::remap_to:
      return range("mremap")
             << ", from 0x" << std::hex << distances[s.afar] << std::dec
             << " above, to " << Bytes{s.new_length} << ", flags "
             << int{s.flags} << ", onto page " << int{s.target} << ")";
    case Kind::remap_file:
      return out << "remap_file_pages(page " << int{s.at} << ", to page "
                 << int{s.target} << " of the file)";
    case Kind::write:
      return out << "write(page " << int{s.at} << ")";
    case Kind::seal:
      return range("seal") << std::hex << ", types 0x" << int{s.types}
                           << std::dec
                           << (s.downgradable ? ", downgradable)" : ")");
  }
  return out;
}

std::ostream &operator<<(std::ostream &out, const Program &program) {
  out << "arena " << places[program.place].name << "\n";
  for (const Step &step : program.steps)
    out << "  " << step << "\n";
  return out;
}

}  // namespace memseal::differential
