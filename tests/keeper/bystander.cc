// SPDX-License-Identifier: Apache-2.0
#include "keeper/bystander.h"

#include <grp.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "keeper/protocol.h"

namespace memseal::test {
namespace {

constexpr const char *variable = "MEMSEAL_TEST_BYSTANDER";
constexpr unsigned nobody = 65534;

void *identity_page = nullptr;

/// Maps one more page that stands for the caller's image.
std::uint64_t renew_identity() {
  int file = memfd_create(keeper::identity_name, MFD_CLOEXEC);
  identity_page = mmap(nullptr, page, PROT_NONE, MAP_SHARED, file, 0);
  struct stat about {};
  if (identity_page == MAP_FAILED || fstat(file, &about) != 0)
    std::abort();
  close(file);
  return about.st_ino;
}

[[noreturn]] void execute_ourselves(int commands, int answers) {
  std::string pipes = std::to_string(commands) + " " + std::to_string(answers);
  setenv(variable, pipes.c_str(), 1);
  execl("/proc/self/exe", "bystander", nullptr);
  _exit(1);
}

[[noreturn]] void stand_by(int commands, int answers) {
  char command = 'r';
  while (write(answers, &command, 1) == 1 && read(commands, &command, 1) == 1) {
    if (command == 'h')
      prctl(PR_SET_DUMPABLE, 0);
    else if (command == 'e')
      execute_ourselves(commands, answers);
    else if (munmap(identity_page, page) != 0)
      _exit(1);
  }
  _exit(0);
}

[[gnu::constructor]] void be_executed_bystander() {
  const char *pipes = std::getenv(variable);
  if (pipes == nullptr)
    return;
  char *rest;
  int commands = static_cast<int>(std::strtol(pipes, &rest, 10));
  int answers = static_cast<int>(std::strtol(rest, nullptr, 10));
  if (!map_the_pages())
    _exit(1);
  stand_by(commands, answers);
}

void *pointer(std::size_t i) {
  return reinterpret_cast<void *>(page_at(i));
}

}  // namespace

bool map_the_pages() {
  for (std::size_t i = 0; i < page_count; ++i) {
    if (mmap(pointer(i), page, PROT_READ,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
             0) != pointer(i))
      return false;
  }
  return true;
}

bool become_unprivileged() {
  if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setgid(nobody) != 0 ||
                         setuid(nobody) != 0))
    return false;
  return prctl(PR_SET_DUMPABLE, 1) == 0;
}

Bystander::Bystander(pid_t pid, int commands, int answers)
    : pid_(pid), commands_(commands), answers_(answers) {
  wait_until_ready();
}

Bystander Bystander::start(bool executed) {
  int commands[2], answers[2];
  if (pipe(commands) != 0 || pipe(answers) != 0)
    std::abort();
  pid_t pid = fork();
  if (pid == 0) {
    close(commands[1]);
    close(answers[0]);
    if (executed)
      execute_ourselves(commands[0], answers[1]);
    stand_by(commands[0], answers[1]);
  }
  close(commands[0]);
  close(answers[1]);
  return Bystander(pid, commands[1], answers[0]);
}

Bystander Bystander::forked() {
  return start(false);
}
Bystander Bystander::executed() {
  return start(true);
}

Bystander::~Bystander() {
  close(commands_);
  close(answers_);
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Bystander::wait_until_ready() {
  char ready;
  if (read(answers_, &ready, 1) != 1)
    std::abort();
}

void Bystander::tell(char command) {
  if (write(commands_, &command, 1) != 1)
    std::abort();
  wait_until_ready();
}

supervisor::Verdict judge(supervisor::SealKeeper &keeper, pid_t process,
                          long number, std::uint64_t a0, std::uint64_t a1,
                          std::uint64_t a2, std::uint64_t a3, std::uint64_t a4,
                          std::uint64_t a5) {
  seccomp_data data{};
  data.nr = static_cast<int>(number);
#if defined(__x86_64__)
  data.arch = AUDIT_ARCH_X86_64;
#else
  data.arch = AUDIT_ARCH_AARCH64;
#endif
  const std::uint64_t args[] = {a0, a1, a2, a3, a4, a5};
  for (int i = 0; i < 6; ++i)
    data.args[i] = args[i];
  supervisor::MemoryCall call;
  return decide(keeper, process, data, page, call);
}

namespace {
supervisor::Verdict request(supervisor::SealKeeper &keeper, pid_t process,
                            keeper::KeeperRequest what, std::uintptr_t at = 0,
                            std::uint64_t identity = 0) {
  return judge(keeper, process, SYS_brk, 0, keeper::keeper_cookie,
               static_cast<std::uint64_t>(what), at, page, identity);
}
}  // namespace

bool refuses(supervisor::SealKeeper &keeper, pid_t process, std::size_t i) {
  supervisor::Verdict verdict =
      judge(keeper, process, SYS_mprotect, page_at(i), page, PROT_READ);
  if (verdict.kind == supervisor::Verdict::Kind::proceed)
    return false;
  if (verdict.value != -EPERM || !verdict.violation)
    std::abort();
  return true;
}

bool announce(supervisor::SealKeeper &keeper, pid_t process) {
  return request(keeper, process, keeper::KeeperRequest::new_image).value ==
         keeper::keeper_is_here;
}

long seal_object(supervisor::SealKeeper &keeper, pid_t process, std::size_t i) {
  return request(keeper, process, keeper::KeeperRequest::seal_object,
                 page_at(i))
      .value;
}

long seal_memory(supervisor::SealKeeper &keeper, pid_t process, std::size_t i,
                 std::uint64_t heap_end) {
  auto what = page_at(i) < heap_end ? keeper::KeeperRequest::seal_heap
                                    : keeper::KeeperRequest::seal;
  return request(keeper, process, what, page_at(i)).value;
}

bool seal_own_object(supervisor::SealKeeper &keeper, std::size_t i) {
  return request(keeper, getpid(), keeper::KeeperRequest::seal_object,
                 page_at(i), renew_identity())
             .value == 0;
}

}  // namespace memseal::test
