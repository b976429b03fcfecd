// SPDX-License-Identifier: Apache-2.0
// Programs, libraries and installations for tests, made of a few bytes in a
// folder of their own.
#pragma once

#include <elf.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "elf/test_image.h"
#include "sys/auxiliary_vector.h"

namespace memseal::launch {

/// What an ELF file asks for.
struct Asks {
  std::string interpreter{};
  std::vector<std::string> needed{};
  std::string soname{}, runpath{}, rpath{};
  std::size_t tls = 0, tls_alignment = 1;
};

/// A file that a loader would take, with nothing in it to run.
inline std::string elf_file(const Asks &asks) {
  constexpr std::size_t interpreter_at = 0x600, strings_at = 0x800;
  auto headers = elf::usual_headers();
  headers[4].p_memsz = headers[4].p_filesz = 0x400;  // the dynamic section
  if (!asks.interpreter.empty())
    headers.push_back(elf::segment(PF_R, interpreter_at,
                                   asks.interpreter.size() + 1, PT_INTERP));
  if (asks.tls != 0) {
    Elf64_Phdr tls = elf::segment(PF_R, 0x6e00, 0, PT_TLS);
    tls.p_memsz = asks.tls;
    tls.p_align = asks.tls_alignment;
    headers.push_back(tls);
  }
  std::string file = elf::file_of(headers);
#if defined(__aarch64__)
  reinterpret_cast<Elf64_Ehdr *>(file.data())->e_machine = EM_AARCH64;
#endif
  std::memcpy(file.data() + interpreter_at, asks.interpreter.c_str(),
              asks.interpreter.size() + 1);

  std::string strings(1, '\0');
  std::vector<Elf64_Dyn> entries;
  auto add = [&](Elf64_Sxword tag, const std::string &text) {
    if (text.empty())
      return;
    entries.push_back({tag, {strings.size()}});
    strings += text + '\0';
  };
  for (const std::string &name : asks.needed)
    add(DT_NEEDED, name);
  add(DT_SONAME, asks.soname);
  add(DT_RUNPATH, asks.runpath);
  add(DT_RPATH, asks.rpath);
  entries.push_back({DT_STRTAB, {strings_at}});
  entries.push_back({DT_STRSZ, {strings.size()}});
  entries.push_back({DT_NULL, {0}});
  std::memcpy(file.data() + strings_at, strings.data(), strings.size());
  std::memcpy(file.data() + 0x6f00, entries.data(),
              entries.size() * sizeof entries[0]);
  return file;
}

/// A folder that is there as long as the test.
class Folder {
public:
  Folder() {
    std::string pattern =
        std::filesystem::temp_directory_path() / "memseal-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;

  /// The absolute path of a file, whose folders are made.
  std::string write(const std::string &name, std::string_view text,
                    mode_t mode = 0755) {
    std::filesystem::path file = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    chmod(file.c_str(), mode);
    return file;
  }
  std::string at(const std::string &name) const { return path_ + "/" + name; }
  const std::string &path() const { return path_; }

private:
  std::string path_;
};

/// As long as it lives this process looks as if it had been executed by this
/// name.
class StartedAs {
public:
  explicit StartedAs(std::string name) : name_(std::move(name)) {
    vector_[1] = reinterpret_cast<unsigned long>(name_.c_str());
    sys::set_auxiliary_vector(vector_);
  }
  ~StartedAs() { sys::set_auxiliary_vector(nullptr); }
  StartedAs(const StartedAs &) = delete;
  StartedAs &operator=(const StartedAs &) = delete;

private:
  std::string name_;
  unsigned long vector_[6] = {AT_EXECFN, 0, AT_PAGESZ, 4096, AT_NULL, 0};
};

}  // namespace memseal::launch
