// SPDX-License-Identifier: Apache-2.0
// Single objects in an arena: sealed pointers, tables of functions, objects
// with a vtable.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <string>
#include <type_traits>
#include <utility>

#include "arena/every_arena.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ARENA(SealedObject);

struct Key {
  std::array<unsigned char, 32> bytes;
  int version;
};

// What an attacker with a wild write needs first: that the page opens.
void refuses_to_open(const void *object) {
  CHILD_ASSERT_ERROR(mprotect(page_of(object), page, PROT_READ | PROT_WRITE),
                     EPERM);
}

TEST_P(SealedObject, is_sealed_as_soon_as_its_pointer_exists) {
  with_arena([](SealedArena &arena) {
    auto key = make_sealed<Key>(arena, Key{{1, 2, 3}, 7});
    CHILD_ASSERT_TRUE(key);
    CHILD_ASSERT_TRUE(*key);
    CHILD_ASSERT_TRUE(arena.is_sealed(**key));
    CHILD_ASSERT_EQ(arena.info().open, 0);
    CHILD_ASSERT_EQ((*key)->version, 7);
    CHILD_ASSERT_EQ((*key)->bytes[2], 3);
    refuses_to_open(key->get());
  });
}

TEST_P(SealedObject, gives_no_pointer_that_writes_and_faults_if_one_is_forged) {
  static_assert(
      std::is_same_v<decltype(*std::declval<sealed_ptr<Key>>()), const Key &>);
  static_assert(std::is_same_v<decltype(std::declval<sealed_ptr<Key>>().get()),
                               const Key *>);
  auto forge = [&](bool sealed) {
    return in_child([engine = GetParam(), sealed] {
      SealedArena arena(0, engine);
      const Key *key = nullptr;
      if (sealed)
        key = make_sealed<Key>(arena, Key{{}, 7})->get();
      else
        key = arena.make<Key>(Key{{}, 7});
      const_cast<volatile int &>(key->version) = 8;
      return key->version;
    });
  };
  EXPECT_EQ(forge(false), 8);  // control: the same write, not sealed
  EXPECT_EQ(forge(true), 1000 + SIGSEGV);
}

TEST_P(SealedObject, objects_sealed_one_by_one_keep_their_own_values) {
  with_arena([](SealedArena &arena) {
    std::array<sealed_ptr<int>, 100> all;
    for (int i = 0; i < 100; ++i) {
      auto made = make_sealed<int>(arena, i);
      CHILD_ASSERT_TRUE(made);
      all[static_cast<std::size_t>(i)] = *made;
    }
    for (int i = 0; i < 100; ++i)
      CHILD_ASSERT_EQ(*all[static_cast<std::size_t>(i)], i);
  });
}

TEST_P(SealedObject, an_empty_pointer_says_so) {
  sealed_ptr<int> none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.get(), nullptr);
}

using Operation = int (*)(int);
int twice(int x) {
  return 2 * x;
}
int stolen(int) {
  return 13;
}

TEST_P(SealedObject, a_table_of_functions_cannot_be_redirected) {
  auto redirect = [&](bool sealed) {
    return in_child([engine = GetParam(), sealed] {
      SealedArena arena(0, engine);
      auto *table = arena.make<std::array<Operation, 8>>();
      table->fill(twice);
      if (sealed) {
        CHILD_ASSERT_TRUE(arena.seal());
        refuses_to_open(table);
        return (*table)[3](21);
      }
      (*table)[3] = stolen;
      return (*table)[3](21);
    });
  };
  EXPECT_EQ(redirect(false), 13);  // control: not sealed, control flow is taken
  EXPECT_EQ(redirect(true), 42);
}

struct Handler {
  virtual ~Handler() = default;
  virtual int answer() const { return 1; }
};
struct Evil : Handler {
  int answer() const override { return 66; }
};

// Overwrites the pointer to the vtable, as a heap overflow would.
void hijack(Handler *victim) {
  Evil evil;
  std::memcpy(static_cast<void *>(victim), static_cast<const void *>(&evil),
              sizeof(void *));
}
__attribute__((noipa)) int ask(const Handler *handler) {
  return handler->answer();
}

TEST_P(SealedObject, an_objects_pointer_to_its_vtable_cannot_be_changed) {
  auto attempt = [&](bool sealed) {
    return in_child([engine = GetParam(), sealed] {
      SealedArena arena(0, engine);
      auto *handler = arena.make<Handler>();
      if (sealed)
        CHILD_ASSERT_TRUE(arena.seal());
      hijack(handler);
      return ask(handler);
    });
  };
  EXPECT_EQ(attempt(false), 66);  // control
  EXPECT_EQ(attempt(true), 1000 + SIGSEGV);
}

TEST_P(SealedObject, a_map_of_configuration_refuses_every_kind_of_change) {
  using Settings = std::pmr::map<std::pmr::string, std::pmr::string>;
  auto change = [&](auto act, bool sealed) {
    return in_child([&, engine = GetParam()] {
      SealedArena arena(0, engine);
      auto *settings = arena.make<Settings>(&arena);
      for (const char *name : {"root", "user", "port"})
        settings->emplace(name, "a value too long for the small buffer");
      if (sealed)
        CHILD_ASSERT_TRUE(arena.seal());
      act(*settings);
      return 0;
    });
  };
  auto assign = [](Settings &s) { s.at("root")[0] = 'x'; };
  auto erase = [](Settings &s) { s.erase("user"); };
  auto insert = [](Settings &s) { s.emplace("debug", "on"); };
  auto clear = [](Settings &s) { s.clear(); };
  for (auto act : {+[](Settings &) {}, +assign, +erase, +insert, +clear})
    EXPECT_EQ(change(act, false), 0);  // control
  EXPECT_EQ(change(assign, true), 1000 + SIGSEGV);
  EXPECT_EQ(change(erase, true), 1000 + SIGSEGV);
  EXPECT_EQ(change(insert, true), 1000 + SIGSEGV);
  EXPECT_EQ(change(clear, true), 1000 + SIGSEGV);
}

}  // namespace
}  // namespace memseal::test
