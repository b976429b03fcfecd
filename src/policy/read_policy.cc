// SPDX-License-Identifier: Apache-2.0
// Which file is read, and whose it may be.
//
// Problem. $HOME and $XDG_CONFIG_HOME may be another user's: sudo -E, su
// without a dash. A policy names files that reports are appended to, and may
// leave all unsealed. So one that is found there is held against its owner, and
// the folder's, on the descriptor that is read from.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "launch/policy_path.h"
#include "policy/policy_file.h"

namespace memseal::policy {
namespace {

// More is no policy but a wrong file.
constexpr std::size_t most_bytes = 1 << 20;
// A pipe that was named may have a writer that is slow, or none.
constexpr std::chrono::seconds patience{5};

class Descriptor {
public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;
  ~Descriptor() {
    if (fd_ >= 0)
      close(fd_);
  }
  int get() const { return fd_; }

private:
  int fd_;
};

/// Why another user could have written what is in it; null: none could.
const char *foreign_hand(const struct stat &about) {
  if (about.st_uid != 0 && about.st_uid != geteuid())
    return "belongs to another user";
  if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return "may be written to by other users";
  return nullptr;
}

Policy faulty(std::string why, bool foreign = false) {
  Policy policy;
  policy.faults.push_back({0, 0, std::move(why)});
  policy.foreign = foreign;
  return policy;
}

Policy unreadable(int error) {
  return faulty(fmt::format("cannot be read: {}", std::strerror(error)));
}

/// Reads to the end. 0, or an errno; ETIMEDOUT: nobody writes.
int read_all(int fd, std::string &text) {
  auto end = std::chrono::steady_clock::now() + patience;
  std::string part(std::size_t{64} << 10, '\0');
  while (text.size() <= most_bytes) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    pollfd ready{fd, POLLIN, 0};
    int count = poll(&ready, 1, static_cast<int>(std::max(left.count(), 0L)));
    if (count == 0)
      return ETIMEDOUT;
    ssize_t size = count < 0 ? -1 : read(fd, part.data(), part.size());
    if (size < 0 && errno != EINTR && errno != EAGAIN)
      return errno;
    if (size == 0)
      return 0;
    if (size > 0)
      text.append(part, 0, static_cast<std::size_t>(size));
  }
  return 0;
}

}  // namespace

Policy read_policy(const std::string &file, Origin origin) {
  std::filesystem::path path(file);
  std::string folder = path.parent_path().empty() ? "." : path.parent_path();
  Descriptor at(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  // Opening a pipe without a writer, or a device, must not wait.
  Descriptor in(openat(at.get(), path.filename().c_str(),
                       O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat about {};
  if (in.get() < 0 || fstat(in.get(), &about) != 0)
    return unreadable(errno);
  if (origin == Origin::home) {
    const char *why = foreign_hand(about);
    if (why != nullptr)
      return faulty(why, true);
    struct stat of_folder {};
    if (fstat(at.get(), &of_folder) != 0)
      return unreadable(errno);
    why = foreign_hand(of_folder);
    if (why != nullptr)
      return faulty(fmt::format("is in a folder that {}", why), true);
  }
  if (origin != Origin::named && !S_ISREG(about.st_mode))
    return faulty("cannot be read: it is no regular file");

  std::string text;
  int error = read_all(in.get(), text);
  if (error == ETIMEDOUT)
    return faulty(
        fmt::format("cannot be read: nobody has written to it for {} "
                    "seconds",
                    patience.count()));
  if (error != 0)
    return unreadable(error);
  if (text.size() > most_bytes)
    return faulty("is too large for a policy");
  return parse_policy(text);
}

ProgramPolicy policy_of(const char *const *environment,
                        const std::string &program) {
  static launch::PathText path;
  ProgramPolicy found;
  if (launch::find_home_policy(environment, program, path)) {
    found.file = path.view();
    found.policy = read_policy(found.file, Origin::home);
    if (!found.policy.foreign)
      return found;
    found.passed_over =
        fmt::format("{}: it is passed over",
                    sentence(found.file, found.policy.faults.front()));
    found.policy = {};
    found.file.clear();
  }
  if (launch::find_system_policy(program, path)) {
    found.file = path.view();
    found.policy = read_policy(found.file, Origin::system);
  }
  return found;
}

}  // namespace memseal::policy
