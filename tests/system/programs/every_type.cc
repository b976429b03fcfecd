// SPDX-License-Identifier: Apache-2.0
// Uses every type of the C++ headers once, as a user of the installed library,
// in C++17 and newer, and checks what it did.
#include <memseal/arena.h>
#include <memseal/ro_after_init.h>
#include <memseal/seal.h>
#include <memseal/secret.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <system_error>

#define CHECK(condition)                                          \
  do {                                                            \
    if (!(condition)) {                                           \
      std::printf("line %d: not so: %s\n", __LINE__, #condition); \
      return 1;                                                   \
    }                                                             \
  } while (false)

namespace {

memseal::PageRange new_page() {
  void *at = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return *memseal::PageRange::create(reinterpret_cast<memseal::Address>(at),
                                     4096, 4096);
}
bool is_kept(memseal::PageRange range) {
  return munmap(reinterpret_cast<void *>(range.begin()), range.size()) == -1 &&
         errno == EPERM;
}

// One error style: a Result, whose error is a std::error_code if it is asked.
memseal::Result<int> half(int number) {
  if (number % 2 != 0)
    return memseal::fail(memseal::Errc::invalid);
  return number / 2;
}
memseal::Result<int> quarter(int number) {
  int once = MEMSEAL_TRY(half(number));
  return half(once);
}

int errors() {
  CHECK(*quarter(8) == 2 && quarter(8).value() == 2);
  auto refused = quarter(6);
  CHECK(!refused && refused.value_or(7) == 7);
  std::error_code code = refused.error();
  CHECK(code == std::errc::invalid_argument);
  CHECK(std::strlen(refused.error().cure()) > 10);
  auto odd = memseal::PageRange::create(1, 4096, 4096);
  CHECK(odd.error().code == memseal::Errc::misaligned);
  return 0;
}

int seals() {
  auto one = new_page(), two = new_page(), three = new_page();
  CHECK(mprotect(reinterpret_cast<void *>(one.begin()), 4096, PROT_READ) == 0);
  CHECK(memseal::seal(one));
  CHECK(is_kept(one));
  memseal::Batch batch;
  CHECK(batch.add({two}));
  CHECK(batch.add({three}));
  CHECK(batch.commit());
  CHECK(is_kept(two) && is_kept(three));
  auto state = memseal::query(one.begin());
  CHECK(state.types == memseal::seal_type::all);
  CHECK(!state.engine.empty() && state.begin <= one.begin());
  CHECK(memseal::base_level() == memseal::BaseLevel::none ||
        !state.engine.has(memseal::Engine::native));
  auto hole = memseal::PageRange::create(4096, 4096, 4096);
  auto refused = memseal::seal(*hole);
  CHECK(refused.error().code == memseal::Errc::hole);
  CHECK(refused.error().to_errno() == ENOMEM);
#if defined(__cpp_lib_span)
  const memseal::SealRequest requests[] = {{one}, {new_page()}};
  CHECK(memseal::seal(requests));
  CHECK(batch.requests().empty());
#endif
  return 0;
}

MEMSEAL_RO_AFTER_INIT int workers = 1;
MEMSEAL_RO_AFTER_INIT memseal::ro_after_init<int> limit{1};
template <typename T>
struct Pool {
  inline static memseal::ro_after_init_page<int> size{1};
};

int variables() {
  workers = 2;
  limit.edit() = 2;
  Pool<int>::size.edit() = 2;
  CHECK(memseal::seal_ro_after_init(workers, limit, Pool<int>::size));
  CHECK(memseal::ro_after_init_is_sealed());
  CHECK(memseal::ro_after_init_is_sealed(workers, limit, Pool<int>::size));
  CHECK(workers + limit + Pool<int>::size == 6);
  return 0;
}

int arenas() {
  memseal::SealedArena arena;
  auto *routes = arena.make<std::pmr::map<int, std::pmr::string>>(&arena);
  (*routes)[443] = "a name too long for the small buffer";
  CHECK(arena.info().open > 0);
  CHECK(arena.seal());
  CHECK(arena.is_sealed(*routes) && arena.is_sealed(routes->at(443)));
  auto number = memseal::make_sealed<int>(arena, 7);
  CHECK(number && **number == 7);
  auto made = memseal::SealedArena::create(0, 99);
  CHECK(made.error().code == memseal::Errc::invalid);
  return 0;
}

int secrets() {
  auto key = memseal::SealedSecret::create(32);
  CHECK(key);
  CHECK(key->read().error().code == memseal::Errc::not_sealed);
  std::memcpy(key->edit(), "a key", 6);
  CHECK(key->seal());
  CHECK(std::strcmp(static_cast<const char *>(*key->read()), "a key") == 0);
  CHECK(key->wipe().error().code == memseal::Errc::denied);
  return 0;
}

// Last: the base filter stays.
int filters() {
  auto page = new_page();
  CHECK(memseal::harden(memseal::BaseLevel::compatible));
  CHECK(memseal::base_level() == memseal::BaseLevel::compatible);
  CHECK(memseal::seal(page, memseal::seal_type::munmap));
  CHECK(is_kept(page));
  auto state = memseal::query(page.begin());
  CHECK(state.types == memseal::seal_type::munmap);
  CHECK(state.engine == memseal::Engine::filter);
  return 0;
}

}  // namespace

int main() {
  if (errors() || seals() || variables() || arenas() || secrets() || filters())
    return 1;
  std::puts("every type works");
  return 0;
}
