// SPDX-License-Identifier: Apache-2.0
// Sealing where little works yet: S-77. The programs stand beside this one.
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "seal/support.h"

namespace memseal::test {
namespace {

/// The exit code of a program of tests/seal/programs; 1000 + signal.
int run(const std::string &name, std::vector<std::string> arguments = {}) {
  char self[4096];
  ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
  std::string path(self, static_cast<std::size_t>(size));
  path = path.substr(0, path.rfind('/')) + "/seal/" + name;
  std::vector<char *> words = {path.data()};
  for (std::string &argument : arguments)
    words.push_back(argument.data());
  words.push_back(nullptr);
  pid_t child = fork();
  if (child == 0) {
    execv(path.c_str(), words.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

class WithoutMalloc : public OnEveryEngine {};
MEMSEAL_ON_EVERY_ENGINE(WithoutMalloc);

TEST_P(WithoutMalloc, EveryFunctionWorks) {
  EXPECT_EQ(run("no_malloc", {GetParam().name}), 0);
}

TEST_P(WithoutMalloc, MallocIsIndeedPoisoned) {
  EXPECT_EQ(run("no_malloc", {GetParam().name, "control"}), 99);
}

TEST(BeforeMain, PreinitFunctionsAndConstructorsMaySeal) {
  EXPECT_EQ(run("before_main"), 0);
}

TEST(WithoutLibc, TheFreestandingCoreSeals) {
  EXPECT_EQ(run("without_libc"), 0);
}

}  // namespace
}  // namespace memseal::test
