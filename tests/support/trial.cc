// SPDX-License-Identifier: Apache-2.0
#include "support/trial.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "support/in_child.h"

namespace memseal::test {
namespace {

struct Snapshot {
  std::string maps;
  int bytes[Area::slots];
  explicit Snapshot(const Area &area)
      : maps(maps_of(area.begin, Area::slots * page)) {
    for (int i = 0; i < Area::slots; ++i)
      bytes[i] = peek(area.at(i));
  }
};

void run(const Scene &scene, const Act &act, Trial &trial) {
  Area twin = Area::create(scene.memory), sealed = Area::create(scene.memory);
  if (scene.prepare) {
    scene.prepare(twin);
    scene.prepare(sealed);
  }
  errno = 0;
  trial.control = act(twin);
  trial.control_error = trial.control == -1 ? errno : 0;
  trial.seal_error = harden(scene.engine, scene.level);
  if (trial.seal_error == 0)
    trial.seal_error =
        seal_by(scene.engine, sealed.at(1), page, scene.types, scene.flags);
  Snapshot before(sealed);
  errno = 0;
  trial.answer = act(sealed);
  trial.error = trial.answer == -1 ? errno : 0;
  Snapshot after(sealed);
  trial.maps_same = before.maps == after.maps;
  trial.bytes_same =
      std::memcmp(before.bytes, after.bytes, sizeof(before.bytes)) == 0;
  std::snprintf(trial.before, sizeof(trial.before), "%s", before.maps.c_str());
  std::snprintf(trial.after, sizeof(trial.after), "%s", after.maps.c_str());
}

}  // namespace

const char *name(Memory memory) {
  constexpr const char *names[] = {"anonymous rw", "anonymous r", "relro",
                                   "text",         "private rw",  "shared rw",
                                   "shared r"};
  return names[static_cast<int>(memory)];
}

Area Area::create(Memory memory) {
  Area area{static_cast<char *>(mmap(nullptr, slots * page, PROT_NONE,
                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
            -1};
  bool anonymous =
      memory == Memory::anonymous_rw || memory == Memory::anonymous_r;
  bool shared = memory == Memory::shared_rw || memory == Memory::shared_r;
  if (!anonymous) {
    area.fd = memfd_create("area", MFD_CLOEXEC);
    if (ftruncate(area.fd, slots * page) != 0)
      std::abort();
    for (int i = 0; i < slots; ++i) {
      char letter = static_cast<char>('A' + i);
      if (pwrite(area.fd, &letter, 1, i * static_cast<long>(page)) != 1)
        std::abort();
    }
  }
  int flags = MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE) |
              (anonymous ? MAP_ANONYMOUS : 0);
  if (mmap(area.begin, pages * page, PROT_READ | PROT_WRITE, flags, area.fd,
           0) != area.begin)
    std::abort();
  for (int i = 0; memory != Memory::text && i < pages; ++i)
    *area.at(i) = static_cast<char>('a' + i);
  if (memory == Memory::anonymous_r || memory == Memory::relro ||
      memory == Memory::shared_r)
    mprotect(area.begin, pages * page, PROT_READ);
  if (memory == Memory::text)
    mprotect(area.begin, pages * page, PROT_READ | PROT_EXEC);
  return area;
}

int peek(const void *at) {
  int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  unsigned char byte = 0;
  ssize_t got =
      pread(fd, &byte, 1, static_cast<off_t>(reinterpret_cast<intptr_t>(at)));
  int answer = got == 1 ? byte : -errno;
  close(fd);
  return answer;
}

std::string maps_of(const void *begin, std::size_t size) {
  auto low = reinterpret_cast<std::uintptr_t>(begin), high = low + size;
  FILE *maps = std::fopen("/proc/self/maps", "re");
  std::string text, last_tail;
  std::uintptr_t last_from = 0, last_to = 0;
  auto flush = [&] {
    char line[64];
    if (last_to != 0) {
      std::snprintf(line, sizeof(line), "%" PRIuPTR "-%" PRIuPTR " ",
                    (last_from - low) / page, (last_to - low) / page);
      text += line + last_tail + "\n";
    }
  };
  char line[4096];
  while (std::fgets(line, sizeof(line), maps) != nullptr) {
    std::uintptr_t from, to, offset;
    unsigned major, minor;
    unsigned long inode;
    char permissions[5];
    if (std::sscanf(
            line, "%" SCNxPTR "-%" SCNxPTR " %4s %" SCNxPTR " %x:%x %lu", &from,
            &to, permissions, &offset, &major, &minor, &inode) != 7 ||
        to <= low || from >= high)
      continue;
    from = from < low ? low : from;
    to = to > high ? high : to;
    std::string tail = std::string(permissions) + " " + std::to_string(inode);
    if (tail == last_tail && from == last_to) {
      last_to = to;
      continue;
    }
    flush();
    last_tail = tail;
    last_from = from;
    last_to = to;
  }
  flush();
  std::fclose(maps);
  return text;
}

Trial attempt(const Scene &scene, const Act &act) {
  auto *shared =
      static_cast<Trial *>(mmap(nullptr, sizeof(Trial), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  int died = in_child([&] {
    run(scene, act, *shared);
    return 0;
  });
  Trial trial = *shared;
  trial.died = died;
  munmap(shared, sizeof(Trial));
  return trial;
}

testing::AssertionResult completed(const Trial &trial) {
  if (trial.died != 0)
    return testing::AssertionFailure() << "the child died: " << trial.died;
  if (trial.seal_error != 0)
    return testing::AssertionFailure()
           << "sealing failed: " << strerror(trial.seal_error);
  return testing::AssertionSuccess();
}

testing::AssertionResult refused(const Trial &trial, int error) {
  if (auto result = completed(trial); !result)
    return result;
  if (trial.control == -1)
    return testing::AssertionFailure()
           << "the control twin failed: " << strerror(trial.control_error);
  if (trial.answer != -1)
    return testing::AssertionFailure()
           << "the act succeeded on sealed memory: " << trial.answer;
  if (trial.error != error)
    return testing::AssertionFailure()
           << "refused with " << strerror(trial.error) << ", not "
           << strerror(error);
  if (!trial.maps_same || !trial.bytes_same)
    return testing::AssertionFailure()
           << "refused, yet " << (trial.maps_same ? "bytes" : "mappings")
           << " changed; before:\n"
           << trial.before << "after:\n"
           << trial.after;
  return testing::AssertionSuccess();
}

testing::AssertionResult allowed(const Trial &trial) {
  if (auto result = completed(trial); !result)
    return result;
  if (trial.control == -1)
    return testing::AssertionFailure()
           << "the control twin failed: " << strerror(trial.control_error);
  if (trial.answer == -1)
    return testing::AssertionFailure()
           << "refused on sealed memory: " << strerror(trial.error);
  return testing::AssertionSuccess();
}

testing::AssertionResult refused_by_kernel(const Trial &trial, int error) {
  if (auto result = completed(trial); !result)
    return result;
  if (trial.control != -1 || trial.control_error != error)
    return testing::AssertionFailure() << "the twin: " << trial.control << ", "
                                       << strerror(trial.control_error);
  if (trial.answer != -1 || trial.error != error)
    return testing::AssertionFailure()
           << "sealed: " << trial.answer << ", " << strerror(trial.error);
  if (!trial.maps_same || !trial.bytes_same)
    return testing::AssertionFailure() << "something changed";
  return testing::AssertionSuccess();
}

}  // namespace memseal::test
