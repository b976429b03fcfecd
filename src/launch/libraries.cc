// SPDX-License-Identifier: Apache-2.0
#include "launch/libraries.h"

#include "sys/mapped_file.h"
#include "sys/memory.h"

namespace memseal::launch {
namespace {

#if defined(__x86_64__)
constexpr std::string_view multiarch = "lib/x86_64-linux-gnu";
#elif defined(__aarch64__)
constexpr std::string_view multiarch = "lib/aarch64-linux-gnu";
#endif

// What Debian's and most other loaders search at the end.
#if defined(__x86_64__)
constexpr std::string_view system_directories =
    "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib64:/usr/lib64:/lib:"
    "/usr/lib";
#elif defined(__aarch64__)
constexpr std::string_view system_directories =
    "/lib/aarch64-linux-gnu:/usr/lib/aarch64-linux-gnu:/lib64:/usr/lib64:/lib:"
    "/usr/lib";
#endif

// Every program needs libc, and many need nothing else: it is not opened to be
// asked for what is known. Its block has 144 bytes at most on any architecture
// (glibc, elf/dl-tls.c, LIBC_IE_TLS); it needs no library but the loader.
constexpr std::string_view libc_name = "libc.so.6";
constexpr std::size_t libc_bytes = 144 + 63;

/// Cuts the text up to the first of `separators`.
std::string_view take_until(std::string_view &text,
                            std::string_view separators) {
  std::size_t end = text.find_first_of(separators);
  std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

/// The name of a dynamic string token that `text` begins with, cut off it.
/// Source: ld.so(8), "Dynamic string tokens".
std::string_view take_token(std::string_view &text) {
  for (std::string_view token :
       {"$ORIGIN", "${ORIGIN}", "$LIB", "${LIB}", "$PLATFORM", "${PLATFORM}"}) {
    if (text.starts_with(token)) {
      text.remove_prefix(token.size());
      return token;
    }
  }
  return {};
}

/// Appends a directory with its tokens replaced.
void append_expanded(PathText &path, std::string_view text,
                     std::string_view origin) {
  while (!text.empty()) {
    std::size_t dollar = text.find('$');
    path.append(text.substr(0, dollar));
    text.remove_prefix(dollar == std::string_view::npos ? text.size() : dollar);
    std::string_view token = take_token(text);
    if (token.find("ORIGIN") != std::string_view::npos)
      path.append(origin);
    else if (token.find("LIB") != std::string_view::npos)
      path.append(multiarch);
    else if (token.empty() && !text.empty()) {
      path.append(text.substr(0, 1));  // a dollar that means itself
      text.remove_prefix(1);
    }
  }
}

std::string_view text_of(elf::Bytes bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

/// What the block can take, wherever the one before it ends.
std::size_t tls_bytes(const elf::File &file) {
  std::size_t size = file.tls_size();
  std::size_t slack = file.tls_alignment();
  return size == 0 ? 0 : size + (slack > 1 ? slack - 1 : 0);
}

}  // namespace

StaticTls Libraries::walk(const elf::File &program,
                          const LibrarySearch &search) {
  program_ = &program;
  search_ = search;
  found_ = {};
  met_libc_ = false;
  libraries_.clear();
  origins_.clear();
  cache_.reset();
  cache_opened_ = false;
  add_list(search.preload, sys::ListSyntax::preload);
  if (auto file = sys::map_file("/etc/ld.so.preload"))
    add_list(text_of(file->bytes), sys::ListSyntax::preload_file);
  for (std::size_t i = 0; i < program.needed_count(); ++i)
    add(program.needed(i), from_program);
  for (std::size_t next = 0; next < libraries_.size(); ++next) {
    const elf::File &file = libraries_[next].file;
    found_.bytes += tls_bytes(file);
    for (std::size_t i = 0; i < file.needed_count(); ++i)
      add(libraries_[next].file.needed(i), next);
  }
  return found_;
}

bool Libraries::libc_has_tunable() {
  // Versions of symbols are never taken back, and 2.32 added some.
  return open_anywhere(libc_name, from_program) &&
         text_of(libraries_.back().bytes).find("GLIBC_2.32") !=
             std::string_view::npos;
}

void Libraries::add_list(std::string_view names, sys::ListSyntax syntax) {
  for (;;) {
    std::string_view name = sys::take_name(names, syntax);
    if (name.empty())
      return;
    add(name, from_program);
  }
}

void Libraries::add(std::string_view name, std::size_t needed_by) {
  if (name.empty() || known(name))
    return;
  if (name == libc_name) {
    met_libc_ = true;
    found_.bytes += libc_bytes;
    return;
  }
  bool opened;
  if (name.find('/') != std::string_view::npos) {
    append_expanded(path_.clear(), name, origin_of(needed_by));
    opened = open(name, needed_by);
  } else {
    opened = open_anywhere(name, needed_by);
  }
  found_.incomplete = found_.incomplete || !opened;
}

bool Libraries::known(std::string_view name) const {
  for (const Library &library : libraries_) {
    if (library.name == name || library.file.soname() == name)
      return true;
  }
  if (met_libc_ && name == libc_name)
    return true;
  // The loader is there already, and has no block of its own.
  return name_of(program_->interpreter()) == name;
}

bool Libraries::open_anywhere(std::string_view name, std::size_t needed_by) {
  const elf::File &asker = file_of(needed_by);
  if (asker.runpath().empty()) {
    // DT_RPATH holds for the libraries of one's libraries, too.
    for (std::size_t at = needed_by;; at = libraries_[at].needed_by) {
      if (file_of(at).runpath().empty() &&
          open_in_list(file_of(at).rpath(), origin_of(at), name, needed_by))
        return true;
      if (at == from_program)
        break;
    }
  }
  if (open_in_list(search_.library_path, origin_of(from_program), name,
                   needed_by) ||
      open_in_list(asker.runpath(), origin_of(needed_by), name, needed_by))
    return true;
  if (open_cache()) {
    path_.clear().append(cache_->find(name));
    if (!path_.view().empty() && open(name, needed_by))
      return true;
  }
  return open_in_list(system_directories, "", name, needed_by);
}

bool Libraries::open_cache() {
  if (!cache_opened_) {
    cache_opened_ = true;
    if (auto file = sys::map_file("/etc/ld.so.cache")) {
      if (auto cache = elf::LibraryCache::create(file->bytes))
        cache_ = *cache;
    }
  }
  return cache_.has_value();
}

bool Libraries::open_in_list(std::string_view directories,
                             std::string_view origin, std::string_view name,
                             std::size_t needed_by) {
  while (!directories.empty()) {
    std::string_view directory = take_until(directories, ":;");
    append_expanded(path_.clear(), directory, origin);
    if (!directory.empty())
      path_.append("/");
    path_.append(name);
    if (open(name, needed_by))
      return true;
  }
  return false;
}

bool Libraries::open(std::string_view name, std::size_t needed_by) {
  if (!path_.fits())
    return false;
  auto mapped = sys::map_file(path_.c_str());
  if (!mapped)
    return false;
  auto file = elf::File::create(mapped->bytes, sys::page_size());
  if (!file || file->header().e_machine != program_->header().e_machine)
    return false;
  return libraries_.push_back({name, keep(directory_of(path_.view())), *file,
                               mapped->bytes, needed_by});
}

const elf::File &Libraries::file_of(std::size_t library) const {
  return library == from_program ? *program_ : libraries_[library].file;
}

std::string_view Libraries::origin_of(std::size_t library) const {
  return library == from_program ? directory_of(search_.program)
                                 : libraries_[library].origin;
}

std::string_view Libraries::keep(std::string_view text) {
  std::size_t begin = origins_.size();
  // Libraries of one directory, most of the time the same one.
  if (!libraries_.empty() && libraries_.back().origin == text)
    return libraries_.back().origin;
  for (char c : text) {
    if (!origins_.push_back(c))
      return {};
  }
  return {origins_.begin() + begin, text.size()};
}

}  // namespace memseal::launch
