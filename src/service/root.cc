// SPDX-License-Identifier: Apache-2.0
#include "service/root.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <utility>
#include <vector>

namespace memseal::service {
namespace {

constexpr int folder_flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int most_links = 40;  // Source: Linux, include/linux/namei.h

/// What a link says; empty if it is none.
std::string link_at(int folder, const std::string &name) {
  std::string text(PATH_MAX, '\0');
  ssize_t size = readlinkat(folder, name.c_str(), text.data(), text.size());
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

/// Puts the parts of a path before those that are left.
void put_first(std::deque<std::string> &parts, const std::string &path) {
  std::vector<std::string> found;
  std::size_t begin = 0;
  while (begin < path.size()) {
    std::size_t end = std::min(path.find('/', begin), path.size());
    std::string part = path.substr(begin, end - begin);
    if (!part.empty() && part != ".")
      found.push_back(std::move(part));
    begin = end + 1;
  }
  parts.insert(parts.begin(), found.begin(), found.end());
}

/// The folders from the root down to where a walk stands.
class Walk {
public:
  explicit Walk(int root) : fds_{dup(root)} {}
  Walk(const Walk &) = delete;
  Walk &operator=(const Walk &) = delete;
  ~Walk() {
    for (int fd : fds_)
      close(fd);
  }
  int here() const { return fds_.back(); }
  int take() {
    int fd = fds_.back();
    fds_.pop_back();
    return fd;
  }
  void up() {
    if (names_.empty())
      return;
    close(take());
    names_.pop_back();
  }
  void to_root() {
    while (!names_.empty())
      up();
  }
  bool down(const std::string &name, Missing missing) {
    if (missing == Missing::is_made)
      mkdirat(here(), name.c_str(), 0755);
    int fd = openat(here(), name.c_str(), folder_flags);
    if (fd < 0)
      return false;
    fds_.push_back(fd);
    names_.push_back(name);
    return true;
  }
  std::string path() const {
    std::string path;
    for (const std::string &name : names_)
      path += "/" + name;
    return path;
  }

private:
  std::vector<int> fds_;
  std::vector<std::string> names_;
};

}  // namespace

Root::Root(std::string folder)
    : folder_(std::move(folder)),
      root_(::open(folder_.empty() ? "/" : folder_.c_str(),
                   O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

Root::~Root() {
  if (root_ >= 0)
    close(root_);
}

Place Root::find(const std::string &path, LastLink last,
                 Missing missing) const {
  Walk walk(root_);
  std::deque<std::string> parts;
  put_first(parts, path);
  int links = 0;
  while (!parts.empty()) {
    std::string name = std::move(parts.front());
    parts.pop_front();
    if (name == "..") {
      walk.up();
      continue;
    }
    bool is_last = parts.empty();
    std::string link = is_last && last == LastLink::kept
                           ? std::string()
                           : link_at(walk.here(), name);
    if (!link.empty()) {
      if (++links > most_links)
        return {.path = path, .error = ELOOP};
      if (link.front() == '/')
        walk.to_root();
      put_first(parts, link);
      continue;
    }
    if (is_last)
      return {.folder = walk.take(),
              .name = name,
              .path = walk.path() + "/" + name};
    if (!walk.down(name, missing)) {
      int error = errno;
      std::string rest = walk.path() + "/" + name;
      for (const std::string &part : parts)
        rest += "/" + part;
      return {.path = rest, .error = error};
    }
  }
  std::string where = walk.path();
  return {
      .folder = walk.take(), .name = ".", .path = where.empty() ? "/" : where};
}

int Root::open(const std::string &path, int flags, LastLink last) const {
  Place place = find(path, last);
  if (place.folder < 0) {
    errno = place.error;
    return -1;
  }
  int fd = openat(place.folder, place.name.c_str(),
                  flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  int error = errno;
  close(place.folder);
  errno = error;
  return fd;
}

bool Root::has(const std::string &path) const {
  int fd = open(path, O_PATH);
  if (fd >= 0)
    close(fd);
  return fd >= 0;
}

std::string Root::real(const std::string &path) const {
  Place place = find(path);
  if (place.folder >= 0)
    close(place.folder);
  return folder_ + place.path;
}

std::string Root::text(const std::string &path) const {
  constexpr std::size_t most = 1 << 20;
  int fd = open(path, O_RDONLY);
  struct stat about {};
  std::string text;
  if (fd < 0 || fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
    if (fd >= 0)
      close(fd);
    return text;
  }
  std::string part(std::size_t{64} << 10, '\0');
  for (ssize_t size = 1; size > 0 && text.size() < most;) {
    size = read(fd, part.data(), part.size());
    if (size > 0)
      text.append(part, 0, static_cast<std::size_t>(size));
  }
  close(fd);
  return text;
}

}  // namespace memseal::service
