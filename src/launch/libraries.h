// SPDX-License-Identifier: Apache-2.0
// How much thread-local storage the libraries of a program want.
//
// Background. The variables that a library marks thread_local live in a block
// that every thread has. For speed, libraries like libc and jemalloc are built
// so that the distance of that block from the thread pointer is a constant
// ("static TLS"). The loader therefore adds up the blocks of all libraries the
// program needs, *before* it creates the first thread.
//
// Problem. With an auditing module the order is another: the module is loaded
// first and needs a thread pointer, so glibc creates the first thread before it
// knows the program's libraries. Their blocks must then come out of a small
// surplus that is meant for dlopen. redis, with jemalloc's 2,632 bytes, does
// not start any more.
//
// Idea. Do what the loader will do: walk the libraries and add up. Then the
// launcher (plan.cc) can ask for a larger surplus by a tunable, or, where that
// cannot help, start the program without auditing.
//
// Source: glibc, elf/rtld.c (dl_main: init_tls before the program's libraries
// if there are audit modules) and elf/dl-tls.c (tls_static_surplus).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/inline_vector.h"
#include "elf/file.h"
#include "elf/ld_cache.h"
#include "launch/path_text.h"
#include "sys/library_list.h"

namespace memseal::launch {

/// Where the loader will look, beside what the files themselves say.
struct LibrarySearch {
  std::string_view program;       ///< path of the ELF file, for $ORIGIN
  std::string_view library_path;  ///< LD_LIBRARY_PATH
  std::string_view preload;       ///< LD_PRELOAD
};

/// What the walk found.
struct StaticTls {
  std::size_t bytes = 0;  ///< libraries only: the program's own block is safe
  /// Whether a library was not found. The loader will not find it either, or by
  /// a rule we do not know.
  bool incomplete = false;
};

/// Walks the libraries that a program needs, breadth first, as the loader does.
/// Too big for a stack. Maps files and leaves them mapped.
class Libraries {
public:
  StaticTls walk(const elf::File &program, const LibrarySearch &search);

  /// Whether the libc that `walk` met is glibc 2.32 or newer, which has the
  /// tunable glibc.rtld.optional_static_tls. Reads much of libc: ask late.
  bool libc_has_tunable();

private:
  static constexpr std::size_t from_program = ~std::size_t{0};
  struct Library {
    std::string_view name;
    std::string_view origin;  ///< its directory; in `origins_`
    elf::File file;
    elf::Bytes bytes;
    std::size_t needed_by;
  };

  void add(std::string_view name, std::size_t needed_by);
  void add_list(std::string_view names, sys::ListSyntax syntax);
  bool known(std::string_view name) const;
  bool open_anywhere(std::string_view name, std::size_t needed_by);
  bool open_in_list(std::string_view directories, std::string_view origin,
                    std::string_view name, std::size_t needed_by);
  bool open_cache();
  bool open(std::string_view name, std::size_t needed_by);
  const elf::File &file_of(std::size_t library) const;
  std::string_view origin_of(std::size_t library) const;
  std::string_view keep(std::string_view text);

  const elf::File *program_ = nullptr;
  LibrarySearch search_;
  StaticTls found_;
  PathText path_;
  bool met_libc_ = false, cache_opened_ = false;
  std::optional<elf::LibraryCache> cache_;
  InlineVector<Library, 512> libraries_;
  InlineVector<char, std::size_t{64} << 10> origins_;
};

}  // namespace memseal::launch
