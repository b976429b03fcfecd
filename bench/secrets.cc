// SPDX-License-Identifier: Apache-2.0
// What a key costs: memseal_secret beside libsodium's sodium_malloc.
//
// Every contestant makes, fills and closes the same keys of 32 bytes, in a
// process of its own. Rounds are interleaved, so that a machine that slows down
// slows all of them. Printed are medians, and of ratios within a round.
//
// usage: secrets [--quick]
#include <sodium.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "memseal/memseal_secret.h"

namespace {

constexpr std::size_t key_size = 32, rounds = 15;
using Contestant = void (*)();

void sealed(unsigned backing, unsigned engine) {
  memseal_secret *secret = nullptr;
  if (memseal_secret_create(&secret, key_size, backing) != 0)
    std::exit(1);
  std::memset(memseal_secret_edit(secret), 'k', key_size);
  if (memseal_secret_seal(secret, engine) != 0)
    std::exit(1);
}
void native() {
  sealed(0, MEMSEAL_NATIVE);
}
void by_memfd() {
  sealed(MEMSEAL_SECRET_MEMFD, MEMSEAL_NATIVE);
}
void wiped() {
  memseal_secret *secret = nullptr;
  if (memseal_secret_create(&secret, key_size, 0) != 0)
    std::exit(1);
  std::memset(memseal_secret_edit(secret), 'k', key_size);
  (void)memseal_secret_free(secret);
}
void sodium() {
  void *key = sodium_malloc(key_size);
  if (key == nullptr)
    std::exit(1);
  std::memset(key, 'k', key_size);
  sodium_mprotect_readonly(key);
}
void sodium_freed() {
  void *key = sodium_malloc(key_size);
  if (key == nullptr)
    std::exit(1);
  std::memset(key, 'k', key_size);
  sodium_free(key);
}

struct Row {
  const char *name;
  Contestant make;
  std::size_t beside;  // the row to compare with
  std::vector<double> us{};
};

/// Microseconds a key; below 0 where it cannot be had.
double measure(Contestant make, int keys) {
  int ends[2];
  if (pipe(ends) != 0)
    std::abort();
  if (fork() == 0) {
    if (sodium_init() < 0)
      std::exit(1);
    make();  // warm
    auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < keys; ++i)
      make();
    std::chrono::duration<double, std::micro> took =
        std::chrono::steady_clock::now() - begin;
    double us = took.count() / keys;
    (void)!write(ends[1], &us, sizeof us);
    _exit(0);
  }
  close(ends[1]);
  double us = -1;
  if (read(ends[0], &us, sizeof us) != sizeof us)
    us = -1;
  close(ends[0]);
  wait(nullptr);
  return us;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char **argv) {
  bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  int keys = quick ? 50 : 300;
  Row rows[] = {
      {"sodium_malloc, readonly", sodium, 0},
      {"memseal_secret, sealed", native, 0},
      {"the same, memfd_secret", by_memfd, 0},
      {"sodium_malloc, free", sodium_freed, 3},
      {"memseal_secret, free", wiped, 3},
  };
  for (std::size_t round = 0; round < rounds; ++round)
    for (Row &row : rows)
      row.us.push_back(measure(row.make, keys));
  std::printf("%d keys of %zu bytes, %zu rounds\n  %-26s %9s %9s\n", keys,
              key_size, rounds, "", "us a key", "to sodium");
  for (const Row &row : rows) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < rounds; ++i)
      ratios.push_back(row.us[i] / rows[row.beside].us[i]);
    if (median(row.us) < 0)
      std::printf("  %-26s not to be had here\n", row.name);
    else
      std::printf("  %-26s %9.2f %8.2fx\n", row.name, median(row.us),
                  median(ratios));
  }
}
