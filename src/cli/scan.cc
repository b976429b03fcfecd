// SPDX-License-Identifier: Apache-2.0
// memseal scan: what ELF files on disk allow to be sealed, before anything of
// them runs.
//
// The files may be anybody's. They are read, not mapped: one that is truncated
// meanwhile would end us (SIGBUS); and nothing but a regular file is opened for
// longer than a look.
#include "cli/scan.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/whole_file.h"
#include "sys/memory.h"

namespace memseal::cli {
namespace {

constexpr int exit_clean = 0, exit_found = 1, exit_mistake = 2, exit_failed = 3;

constexpr char epilogue[] =
    "Exit code: 0 nothing found, 1 something was, 2 usage, 3 a file could not\n"
    "be read. memseal(1) says more.";

struct Request {
  std::vector<std::string> paths;
  std::string format = "text", output;
};

enum class Asked : std::uint8_t { by_name, in_folder };

std::string cannot_read(const std::string &path, int error) {
  return fmt::format("'{}' cannot be read: {}", path, std::strerror(error));
}

/// Fills `bytes` from the file's beginning; how many there were, or -1 and
/// errno.
ssize_t read_into(int fd, std::string &bytes) {
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    ssize_t got = pread(fd, bytes.data() + filled, bytes.size() - filled,
                        static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return got < 0 ? -1 : static_cast<ssize_t>(filled);
    filled += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(filled);
}

void look_at(const std::string &path, const std::string &bytes, Scan &scan) {
  ScannedFile file{path, bytes.size(), {}, {}, {}};
  auto facts =
      elf::hardening_of(std::as_bytes(std::span(bytes)), sys::page_size());
  if (facts)
    file.facts = *facts;
  else
    file.flaw = sentence(facts.error());
  // Object files and core dumps are nothing that is loaded.
  if (facts && facts->kind == elf::FileKind::other)
    return;
  if (facts)
    file.findings = findings_of(*facts);
  scan.files.push_back(std::move(file));
}

void scan_file(const std::string &path, Asked asked, Scan &scan) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
                                  (asked == Asked::in_folder ? O_NOFOLLOW : 0));
  struct stat about {};
  if (fd < 0 || fstat(fd, &about) != 0) {
    scan.unread.push_back(cannot_read(path, errno));
    if (fd >= 0)
      close(fd);
    return;
  }
  std::string bytes(EI_NIDENT, '\0');
  bool elf = S_ISREG(about.st_mode) && read_into(fd, bytes) == EI_NIDENT &&
             bytes.starts_with(ELFMAG);
  if (elf) {
    bytes.resize(static_cast<std::size_t>(about.st_size));
    ssize_t size = read_into(fd, bytes);
    if (size < 0)
      scan.unread.push_back(cannot_read(path, errno));
    bytes.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  }
  close(fd);
  if (elf && !bytes.empty())
    look_at(path, bytes, scan);
  else if (!elf && asked == Asked::by_name)
    scan.unread.push_back(fmt::format("'{}' is no ELF file", path));
}

/// All files below it; links are not followed.
void scan_folder(const std::string &folder, Scan &scan) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths, folders{folder};
  while (!folders.empty()) {
    std::string at = std::move(folders.back());
    folders.pop_back();
    std::error_code error;
    fs::directory_iterator entry(at, error), end;
    for (; !error && entry != end; entry.increment(error)) {
      std::error_code unknown;
      fs::file_status status = entry->symlink_status(unknown);
      if (fs::is_directory(status))
        folders.push_back(entry->path().string());
      else if (fs::is_regular_file(status))
        paths.push_back(entry->path().string());
    }
    if (error)
      scan.unread.push_back(cannot_read(at, error.value()));
  }
  std::ranges::sort(paths);
  for (const std::string &path : paths)
    scan_file(path, Asked::in_folder, scan);
}

}  // namespace

int scan(int argc, char **argv) {
  Request request;
  Options options("scan",
                  "Tell what of ELF files can be sealed, and what they were "
                  "built without.",
                  epilogue);
  options.positionals("FILE | DIR", request.paths,
                      "files, and folders with all that is below them");
  options.choice("--format", request.format, {"text", "json", "sarif"},
                 "how to print; SARIF 2.1.0 is for CI");
  options.text("-o,--output", request.output,
               "write to this file, replaced in one step");
  if (auto code = options.parse(argc, argv, exit_mistake))
    return *code;
  if (request.paths.empty())
    return refuse(exit_mistake, "name a file or a folder");
  Scan result;
  for (const std::string &path : request.paths) {
    struct stat about {};
    if (stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode))
      scan_folder(path, result);
    else
      scan_file(path, Asked::by_name, result);
  }
  std::string text = request.format == "json"    ? json_of(result)
                     : request.format == "sarif" ? sarif_of(result)
                                                 : text_of(result);
  if (request.output.empty())
    print(text);
  else if (auto written = write_whole_file(request.output, text); !written)
    return refuse(exit_failed, sentence(written.error()));
  for (const std::string &why : result.unread)
    complain(why);
  bool found = std::ranges::any_of(result.files, [](const ScannedFile &file) {
    return !file.findings.empty() || !file.flaw.empty();
  });
  return !result.unread.empty() ? exit_failed : found ? exit_found : exit_clean;
}

}  // namespace memseal::cli
