// SPDX-License-Identifier: Apache-2.0
// The work that `bench/keeper` measures, and nothing else:
//
//   memory_loop loop N     maps 64 KiB, touches, protects and unmaps it
//   memory_loop start N PROG  forks and executes PROG
//
// It prints the nanoseconds that this took. Without arguments it does the first
// a little, for whoever runs all benchmarks.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

constexpr std::size_t size = 65536, page = 4096;

void map_and_unmap() {
  void *memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    std::exit(1);
  auto *bytes = static_cast<volatile char *>(memory);
  for (std::size_t i = 0; i < size; i += page)
    bytes[i] = 1;
  if (mprotect(memory, size, PROT_READ) != 0 || munmap(memory, size) != 0)
    std::exit(1);
}

void start(char *program) {
  pid_t child = fork();
  if (child == 0) {
    char *arguments[] = {program, nullptr};
    execv(program, arguments);
    _exit(127);
  }
  int status = -1;
  if (waitpid(child, &status, 0) != child || status != 0)
    std::exit(1);
}

}  // namespace

int main(int argc, char **argv) {
  const bool starts = argc == 4 && std::string_view(argv[1]) == "start";
  const long rounds = argc > 2 ? std::strtol(argv[2], nullptr, 10) : 1000;
  auto begin = std::chrono::steady_clock::now();
  for (long i = 0; i < rounds; ++i) {
    if (starts)
      start(argv[3]);
    else
      map_and_unmap();
  }
  std::chrono::nanoseconds taken = std::chrono::steady_clock::now() - begin;
  std::printf("%lld\n", static_cast<long long>(taken.count()));
  return 0;
}
