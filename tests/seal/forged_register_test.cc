// SPDX-License-Identifier: Apache-2.0
// The register of seals is memory: it may say what is not so. Then a seal is
// made all the same, and nobody is told that there was one.
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "memseal/memseal_arena.h"
#include "seal/companion.h"
#include "seal/on_violation.h"
#include "seal/support.h"

namespace memseal::test {
namespace {

constexpr std::uint32_t everything = MEMSEAL_ALL;

/// Does what an attacker could who steers one mprotect and a few writes: the
/// register says that `[at, at + size)` is sealed.
void forge(const void *at, std::size_t size, std::uint32_t engine,
           std::uint32_t filter_types) {
  auto *header = const_cast<RegisterHeader *>(find_register());
  if (header == nullptr)
    _exit(97);
  auto whole =
      *PageRange::create(reinterpret_cast<Address>(header), header->size, page);
  CHILD_ASSERT_TRUE(
      sys::protect(whole, {Protection::read | Protection::write}).has_value());
  header->base_level = MEMSEAL_BASE_CLOSED;
  RegisterHeader::Table &table = header->table[header->generation & 1];
  auto begin = reinterpret_cast<Address>(at);
  table.count = 1;
  *reinterpret_cast<RegisterEntry *>(reinterpret_cast<Address>(header) +
                                     table.offset) = {
      begin, begin + size, everything, filter_types, 0, engine};
  CHILD_ASSERT_TRUE(sys::protect(whole, {Protection::read}).has_value());
}

memseal_info told(const void *at) {
  memseal_info info{};
  info.size = sizeof info;
  CHILD_ASSERT_EQ(memseal_query(at, &info), 0);
  return info;
}

/// A register that names one page, which is natively sealed: no filter yet.
void make_register() {
  unsigned engine = sys::has_mseal() ? MEMSEAL_NATIVE : MEMSEAL_FILTER;
  CHILD_ASSERT_EQ(memseal(fresh_pages(1), page, MEMSEAL_ALL, engine), 0);
}

class AForgedRegister : public OnEveryEngine {};
MEMSEAL_ON_EVERY_ENGINE(AForgedRegister);

TEST_P(AForgedRegister, SealsNothingAndKeepsNothingFromBeingSealed) {
  constexpr std::uint32_t claimants[] = {
      Engine::native.bits(), Engine::filter.bits(), Engine::strict.bits()};
  for (std::uint32_t claimed : claimants)
    in_child([e = engine(), claimed] {
      make_register();
      char *at = fresh_pages(4), *twin = fresh_pages(1);
      forge(at, 4 * page, claimed,
            (claimed & Engine::filter.bits()) != 0 ? everything : 0);
      // It seals nothing, and memseal says so.
      CHILD_ASSERT_EQ(told(at).types, 0u);
      CHILD_ASSERT_EQ(told(at).base_level, sys::has_mseal()
                                               ? MEMSEAL_BASE_NONE
                                               : MEMSEAL_BASE_COMPATIBLE);
      CHILD_ASSERT_EQ(munmap(at + 3 * page, page), 0);
      // And a seal is one.
      CHILD_ASSERT_EQ(memseal(at + page, 2 * page, MEMSEAL_ALL, e), 0);
      for (char *each : {at + page, at + 2 * page}) {
        CHILD_ASSERT_ERROR(mprotect(each, page, PROT_NONE), EPERM);
        CHILD_ASSERT_ERROR(munmap(each, page), EPERM);
        CHILD_ASSERT_EQ(told(each).types, everything);
      }
      // The base filter was claimed, too.
      if (e != MEMSEAL_NATIVE)
        CHILD_ASSERT_ERROR(mprotect(nullptr, 0, PROT_READ | PROT_GROWSDOWN),
                           EPERM);
      // What is beside it is no more than the register said.
      CHILD_ASSERT_EQ(munmap(at, page), 0);
      CHILD_ASSERT_EQ(munmap(twin, page), 0);
    });
}

TEST(AForgedRegister, DoesNotPassForASealThatAnyEngineMayMake) {
  in_child([] {
    make_register();
    char *at = fresh_pages(2);
    forge(at, 2 * page, Engine::native.bits(), 0);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MAPPING, 0), 0);
    CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
    forge(at + page, page, Engine::filter.bits(), everything);
    CHILD_ASSERT_EQ(memseal(at + page, page, MEMSEAL_ALL, 0), 0);
    CHILD_ASSERT_ERROR(munmap(at + page, page), EPERM);
  });
}

TEST(AForgedRegister, DoesNotPassForAFilterThatForbidsLess) {
  in_child([] {
    // Half of the claim is true: lowering is allowed.
    char *at = fresh_pages(1), *other = fresh_pages(1);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MPROTECT,
                            MEMSEAL_DOWNGRADABLE | MEMSEAL_FILTER),
                    0);
    CHILD_ASSERT_EQ(
        memseal(other, page, MEMSEAL_ALL & ~MEMSEAL_MMAP, MEMSEAL_FILTER), 0);
    forge(at, page, Engine::filter.bits(), MEMSEAL_MPROTECT);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MPROTECT, MEMSEAL_FILTER), 0);
    CHILD_ASSERT_ERROR(mprotect(at, page, PROT_READ), EPERM);
    // Or one type is missing.
    forge(other, page, Engine::filter.bits(), everything);
    CHILD_ASSERT_EQ(memseal(other, page, MEMSEAL_ALL, MEMSEAL_FILTER), 0);
    CHILD_ASSERT_ERROR(mmap(other, page, PROT_READ,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                       EPERM);
  });
}

TEST(AForgedRegister, DoesNotPassForTheGuardOfArenas) {
  in_child([] {
    make_register();
    auto *window = reinterpret_cast<const void *>(0x2000'0000'0000);
    forge(window, std::size_t{16} << 40, Engine::filter.bits(), everything);
    memseal_arena *arena = nullptr;
    CHILD_ASSERT_EQ(memseal_arena_create(&arena, 0, MEMSEAL_ARENA_FILTER), 0);
    auto *at =
        static_cast<char *>(memseal_arena_allocate(arena, 4 * page, page));
    CHILD_ASSERT_NE(at, nullptr);
    CHILD_ASSERT_EQ(memseal_arena_seal(arena), 0);
    char *in = at + page;
    CHILD_ASSERT_ERROR(mprotect(in, page, PROT_READ | PROT_WRITE), EPERM);
    CHILD_ASSERT_ERROR(madvise(in, page, MADV_DONTNEED), EPERM);
    CHILD_ASSERT_ERROR(mremap(in, page, page, 0), EPERM);
    CHILD_ASSERT_ERROR(mmap(in, page, PROT_READ,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                       EPERM);
    CHILD_ASSERT_ERROR(munmap(in, page), EPERM);
  });
}

// The controls: what is so costs no second filter.
TEST(WhatTheRegisterSaysTruly, IsNotDoneAgain) {
  in_child([] {
    char *at = fresh_pages(3);
    CHILD_ASSERT_EQ(memseal(at, 3 * page, MEMSEAL_ALL, MEMSEAL_FILTER), 0);
    std::uint32_t filters = find_register()->filters;
    for (unsigned types : {MEMSEAL_ALL, MEMSEAL_MAPPING, MEMSEAL_SEAL})
      CHILD_ASSERT_EQ(memseal(at + page, page, types, MEMSEAL_FILTER), 0);
    CHILD_ASSERT_EQ(find_register()->filters, filters);
    CHILD_ASSERT_EQ(told(at + page).types, everything);
  });
}

// Nor is it tried, where a try would be the end.
TEST(WhereViolationsKill, TheRegisterIsNotBelievedAndNothingIsTried) {
  in_child([] {
    set_on_violation(OnViolation::kill);
    char *at = fresh_pages(2);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_ALL, MEMSEAL_FILTER), 0);
    std::uint32_t filters = find_register()->filters;
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_ALL, MEMSEAL_FILTER), 0);
    CHILD_ASSERT_EQ(find_register()->filters, filters + 1);
    CHILD_ASSERT_EQ(told(at).types, everything);
  });
}

// --- processes that share the memory, and not the filters ------------------

struct Sibling {
  const std::function<void()> &body;
  alignas(16) char stack[std::size_t{256} << 10];
};

/// Runs `body` in a process that shares this one's memory.
void in_sibling(const std::function<void()> &body) {
  auto *sibling = new Sibling{body, {}};
  pid_t child = clone(
      [](void *argument) {
        static_cast<Sibling *>(argument)->body();
        return 0;
      },
      sibling->stack + sizeof sibling->stack, CLONE_VM | SIGCHLD, sibling);
  int status = -1;
  CHILD_ASSERT_EQ(waitpid(child, &status, 0), child);
  CHILD_ASSERT_EQ(status, 0);
}

TEST(AFilterOfAProcessThatSharesTheMemory, IsNotTakenForOnesOwn) {
  in_child([] {
    char *at = fresh_pages(1);
    in_sibling([at] {
      CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_ALL, MEMSEAL_FILTER), 0);
      CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
    });
    CHILD_ASSERT_EQ(told(at).types, 0u);  // the control: it is not ours
    CHILD_ASSERT_EQ(prctl(PR_GET_SECCOMP), 0);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_ALL, MEMSEAL_FILTER), 0);
    CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
    CHILD_ASSERT_EQ(told(at).types, everything);
    CHILD_ASSERT_EQ(told(at).base_level, MEMSEAL_BASE_COMPATIBLE);
  });
}

/// A process that shares the memory and lives on; made before any seal.
class OlderSibling {
public:
  OlderSibling() {
    pid_ = clone(
        [](void *argument) {
          while (!*static_cast<std::atomic<bool> *>(argument))
            usleep(1000);
          return 0;
        },
        stack_ + sizeof stack_, CLONE_VM | SIGCHLD, &end_);
    CHILD_ASSERT_LT(0, pid_);
  }
  void end() {
    end_ = true;
    CHILD_ASSERT_EQ(waitpid(pid_, nullptr, 0), pid_);
  }

private:
  std::atomic<bool> end_{false};
  pid_t pid_;
  alignas(16) char stack_[std::size_t{64} << 10];
};

TEST(AnOlderProcessThatSharesTheMemory, IsTold) {
  for (bool threads : {false, true})
    in_child([threads] {
      std::optional<Companion> other;
      if (threads)
        other.emplace([] {});
      char *at = fresh_pages(1), *later = fresh_pages(1);
      auto sibling = std::make_unique<OlderSibling>();
      CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MAPPING, 0), 0);
      CHILD_ASSERT_EQ(told(at).open & MEMSEAL_OPEN_SIBLING,
                      MEMSEAL_OPEN_SIBLING);
      sibling->end();
      CHILD_ASSERT_EQ(memseal(later, page, MEMSEAL_MAPPING, 0), 0);
      if (other)
        other->finish();
    });
}

TEST(AProcessThatSharesNothing, IsNotTold) {
  for (bool threads : {false, true})
    in_child([threads] {
      std::optional<Companion> other;
      if (threads)
        other.emplace([] {});
      pid_t child = fork();
      if (child == 0) {
        pause();
        _exit(0);
      }
      char *at = fresh_pages(1);
      CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MAPPING, 0), 0);
      CHILD_ASSERT_EQ(told(at).open & MEMSEAL_OPEN_SIBLING, 0u);
      kill(child, SIGKILL);
      if (other)
        other->finish();
    });
}

}  // namespace
}  // namespace memseal::test
