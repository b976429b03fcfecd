// SPDX-License-Identifier: Apache-2.0
// Declares variables where no seal reaches them, in one way of several, and
// prints what seal_ro_after_init says. Exits with 0 if it told the truth.
#include <memseal/ro_after_init.h>

#include <cstdio>

#if !defined(NOTHING)
MEMSEAL_RO_AFTER_INIT static memseal::ro_after_init<int> good{1};
#endif
#if defined(WITHOUT_THE_MACRO)
static memseal::ro_after_init<int> bad{1};
#endif
#if defined(OF_A_TEMPLATE) && !defined(__clang__)
template <typename T>
struct Pool {
  MEMSEAL_RO_AFTER_INIT inline static memseal::ro_after_init<int> limit{1};
};
static memseal::ro_after_init<int> &bad = Pool<char>::limit;
#endif
static int plain = 1;

int main() {
#if !defined(NOTHING)
  good.edit() = 2;
#endif
#if defined(WITHOUT_THE_MACRO) || defined(OF_A_TEMPLATE)
  bad.edit() = 2;
#endif
#if defined(NAMED)
  auto done = memseal::seal_ro_after_init(good, plain);
#else
  auto done = memseal::seal_ro_after_init();
#endif
  if (done) {
    std::printf("sealed\n");
    return memseal::ro_after_init_is_sealed() ? 0 : 1;
  }
  std::printf("%s: %s\n", done.error().sentence(), done.error().cure());
#if !defined(NOTHING)
  good.edit() = 3;  // nothing is sealed then
#endif
  plain = 2;
  return memseal::ro_after_init_is_sealed() ? 1 : 0;
}
