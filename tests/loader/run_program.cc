// SPDX-License-Identifier: Apache-2.0
#include "loader/run_program.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace memseal::test {
namespace {

namespace fs = std::filesystem;

std::string directory_of(const Glibc &glibc) {
  for (const char *lib : {"usr/lib", "lib"}) {
    fs::path root = fs::path(BUILD) / "glibc" / glibc.version / lib;
    for (const char *arch : {"x86_64-linux-gnu", "aarch64-linux-gnu"}) {
      if (fs::exists(root / arch / "libc.so.6"))
        return root / arch;
    }
  }
  return "";
}

std::vector<char *> pointers(const std::vector<std::string> &strings) {
  std::vector<char *> out;
  for (const std::string &string : strings)
    out.push_back(const_cast<char *>(string.c_str()));
  out.push_back(nullptr);
  return out;
}

std::string read_and_remove(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  fs::remove(path);
  return text;
}

}  // namespace

bool Glibc::available() const {
  return version == "host" || !directory_of(*this).empty();
}

bool Glibc::tells_late() const {
  std::string number = version;
  if (version == "host") {
    char text[64];
    confstr(_CS_GNU_LIBC_VERSION, text, sizeof text);  // "glibc 2.36"
    number = std::string(text).substr(6);
  }
  return std::atoi(number.substr(number.find('.') + 1).c_str()) >= 41;
}

std::vector<std::string> Glibc::loader() const {
  if (version == "host")
    return {};
  std::string directory = directory_of(*this);
  for (const char *name : {"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}) {
    if (fs::exists(fs::path(directory) / name))
      return {directory + "/" + name, "--library-path", directory};
  }
  return {};
}

std::string program(const std::string &name) {
  return std::string(BUILD) + "/tests/loader/" + name;
}

std::string module(const std::string &name) {
  return std::string(BUILD) + "/libmemseal-" + name + ".so";
}

Finished run(const std::vector<std::string> &command,
             const std::vector<std::string> &environment) {
  std::string base = fs::temp_directory_path() /
                     ("memseal-loader-" + std::to_string(getpid()));
  std::string out = base + ".out", err = base + ".err";
  auto arguments = pointers(command), variables = pointers(environment);
  std::fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    if (!std::freopen(out.c_str(), "w", stdout) ||
        !std::freopen(err.c_str(), "w", stderr))
      _exit(98);
    alarm(60);
    execve(arguments[0], arguments.data(), variables.data());
    _exit(97);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child)
    std::abort();
  return {read_and_remove(out), read_and_remove(err),
          WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status)};
}

Finished run_sealed(const Glibc &glibc, const std::vector<std::string> &command,
                    const std::string &options) {
  std::vector<std::string> whole = glibc.loader();
  whole.insert(whole.end(), command.begin(), command.end());
  return run(whole, {"PATH=/usr/bin:/bin", "LD_AUDIT=" + module("audit"),
                     "MEMSEAL_OPTIONS=" + options});
}

Finished run_unsealed(const Glibc &glibc,
                      const std::vector<std::string> &command) {
  std::vector<std::string> whole = glibc.loader();
  whole.insert(whole.end(), command.begin(), command.end());
  return run(whole, {"PATH=/usr/bin:/bin"});
}

}  // namespace memseal::test
