// SPDX-License-Identifier: Apache-2.0
// Sealed keys: docs/secrets.md, row by row (S-90 … S-93).
#include "memseal/secret.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "support/engines.h"
#include "support/in_child.h"

namespace memseal::test {
namespace {

constexpr std::size_t page = 4096;

void *page_of(const void *address) {
  return reinterpret_cast<void *>(reinterpret_cast<std::uintptr_t>(address) &
                                  ~std::uintptr_t{page - 1});
}

memseal_secret *new_secret(unsigned flags = 0) {
  memseal_secret *secret = nullptr;
  CHILD_ASSERT_EQ(memseal_secret_create(&secret, 32, flags), 0);
  std::memcpy(memseal_secret_edit(secret), "a key", 6);
  return secret;
}

memseal_secret *sealed_secret(unsigned engine, unsigned flags = 0) {
  memseal_secret *secret = new_secret(flags);
  CHILD_ASSERT_EQ(memseal_secret_seal(secret, engine), 0);
  return secret;
}

unsigned state_of(const memseal_secret *secret) {
  memseal_secret_info info = {};
  info.info_size = sizeof info;
  CHILD_ASSERT_EQ(memseal_secret_query(secret, &info), 0);
  return info.state;
}

const char *text_of(const memseal_secret *secret) {
  return static_cast<const char *>(memseal_secret_read(secret));
}

/// The VmFlags of the mapping at an address.
std::string vm_flags(const void *address) {
  std::ifstream smaps("/proc/self/smaps");
  bool here = false;
  for (std::string line; std::getline(smaps, line);) {
    unsigned long begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2)
      here = begin <= reinterpret_cast<std::uintptr_t>(address) &&
             reinterpret_cast<std::uintptr_t>(address) < end;
    else if (here && line.starts_with("VmFlags:"))
      return line;
  }
  return "";
}

MEMSEAL_EVERY_ENGINE(Secret);

TEST_P(Secret, is_writable_until_it_is_sealed_and_readable_from_then_on) {
  in_child([engine = flag_of(GetParam())] {
    memseal_secret *secret = new_secret();
    CHILD_ASSERT_EQ(state_of(secret), MEMSEAL_SECRET_OPEN);
    CHILD_ASSERT_TRUE(memseal_secret_read(secret) == nullptr);
    CHILD_ASSERT_EQ(errno, EAGAIN);
    CHILD_ASSERT_EQ(memseal_secret_seal(secret, engine), 0);
    CHILD_ASSERT_EQ(state_of(secret), MEMSEAL_SECRET_SEALED);
    CHILD_ASSERT_EQ(std::strcmp(text_of(secret), "a key"), 0);
    CHILD_ASSERT_TRUE(memseal_secret_edit(secret) == nullptr);
    CHILD_ASSERT_EQ(errno, EPERM);
    CHILD_ASSERT_EQ(memseal_secret_seal(secret, engine), 0);  // twice is fine
  });
}

// S-91
TEST_P(Secret, no_call_opens_moves_empties_or_uncovers_a_sealed_one) {
  in_child([engine = flag_of(GetParam())] {
    memseal_secret *open = new_secret();
    void *control = page_of(memseal_secret_edit(open));
    CHILD_ASSERT_EQ(mprotect(control, page, PROT_READ | PROT_WRITE), 0);
    CHILD_ASSERT_EQ(mprotect(static_cast<char *>(control) + page, page,
                             PROT_READ | PROT_WRITE),
                    0);

    memseal_secret *secret = sealed_secret(engine);
    const char *text = text_of(secret);
    auto *data = static_cast<char *>(page_of(text));
    for (char *at : {data - 2 * page, data - page, data, data + page}) {
      CHILD_ASSERT_ERROR(mprotect(at, page, PROT_READ | PROT_WRITE), EPERM);
      CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
      CHILD_ASSERT_ERROR(mmap(at, page, PROT_READ,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                         EPERM);
      CHILD_ASSERT_ERROR(mremap(at, page, 2 * page, MREMAP_MAYMOVE), EPERM);
    }
    CHILD_ASSERT_EQ(madvise(data, page, MADV_DONTNEED), -1);
    CHILD_ASSERT_EQ(std::strcmp(text, "a key"), 0);
  });
}

TEST_P(Secret, a_write_and_a_step_beside_it_is_a_SIGSEGV) {
  auto touch = [&](std::ptrdiff_t offset, bool write) {
    return in_child([=, engine = flag_of(GetParam())] {
      auto *at =
          const_cast<volatile char *>(text_of(sealed_secret(engine))) + offset;
      if (write)
        *at = 'X';
      else
        (void)*at;
      return 0;
    });
  };
  EXPECT_EQ(touch(0, false), 0);  // control
  EXPECT_EQ(touch(31, false), 0);
  EXPECT_EQ(touch(0, true), 1000 + SIGSEGV);
  EXPECT_EQ(touch(32, false), 1000 + SIGSEGV);
  EXPECT_EQ(touch(-page, false), 1000 + SIGSEGV);
}

// S-92
TEST_P(Secret, is_zero_in_a_child_and_query_tells_the_child_so) {
  in_child([engine = flag_of(GetParam())] {
    memseal_secret *secret = sealed_secret(engine), *open = new_secret();
    const char *text = text_of(secret);
    in_child([=] {
      CHILD_ASSERT_EQ(state_of(secret), MEMSEAL_SECRET_PARENTS);
      CHILD_ASSERT_EQ(state_of(open), MEMSEAL_SECRET_PARENTS);
      CHILD_ASSERT_TRUE(memseal_secret_read(secret) == nullptr);
      CHILD_ASSERT_EQ(errno, ESTALE);
      CHILD_ASSERT_TRUE(memseal_secret_edit(open) == nullptr);
      CHILD_ASSERT_EQ(errno, ESTALE);
      CHILD_ASSERT_ERROR(memseal_secret_seal(open, 0), ESTALE);
      CHILD_ASSERT_EQ(std::string(text, 32) == std::string(32, '\0'), true);
      // The pages are there and sealed, as memseal_query says.
      memseal_info info = {};
      info.size = sizeof info;
      CHILD_ASSERT_EQ(memseal_query(text, &info), 0);
      CHILD_ASSERT_EQ(info.types, MEMSEAL_ALL);
      CHILD_ASSERT_ERROR(munmap(page_of(text), page), EPERM);
      CHILD_ASSERT_EQ(memseal_secret_free(open), 0);
    });
    // Nothing changed for the parent.
    CHILD_ASSERT_EQ(std::strcmp(text, "a key"), 0);
    CHILD_ASSERT_EQ(memseal_secret_seal(open, engine), 0);
    CHILD_ASSERT_EQ(std::strcmp(text_of(open), "a key"), 0);
  });
}

// S-93
TEST_P(Secret, of_memfd_secret_is_shared_with_children_and_out_of_reach) {
  in_child([engine = flag_of(GetParam())] {
    memseal_secret *secret = nullptr;
    if (memseal_secret_create(&secret, 32, MEMSEAL_SECRET_MEMFD) != 0) {
      CHILD_ASSERT_EQ(errno, EOPNOTSUPP);
      CHILD_SKIP("this kernel has no memfd_secret(2)");
    }
    std::memcpy(memseal_secret_edit(secret), "a key", 6);
    CHILD_ASSERT_EQ(memseal_secret_seal(secret, engine), 0);
    const char *text = text_of(secret);
    CHILD_ASSERT_ERROR(mprotect(page_of(text), page, PROT_READ | PROT_WRITE),
                       EPERM);
    in_child(
        [=] { CHILD_ASSERT_EQ(std::strcmp(text_of(secret), "a key"), 0); });
    // A way past other seals (S-44) reads and writes nothing here.
    char byte = 'X';
    int memory = open("/proc/self/mem", O_RDWR);
    CHILD_ASSERT_NE(memory, -1);
    auto at = static_cast<off_t>(reinterpret_cast<std::uintptr_t>(text));
    CHILD_ASSERT_EQ(pwrite(memory, &byte, 1, at), -1);
    CHILD_ASSERT_EQ(pread(memory, &byte, 1, at), -1);
    CHILD_ASSERT_EQ(std::strcmp(text, "a key"), 0);
  });
}

// S-90
TEST(SecretPages, are_locked_undumpable_and_wiped_on_fork) {
  in_child([] {
    memseal_secret *secret = sealed_secret(0);
    std::string flags = vm_flags(text_of(secret));
    CHILD_ASSERT_TRUE(flags.find(" lo") != std::string::npos);
    CHILD_ASSERT_TRUE(flags.find(" dd") != std::string::npos);
    CHILD_ASSERT_TRUE(flags.find(" wf") != std::string::npos);
    // Control: other memory is none of it.
    static int other = 1;
    flags = vm_flags(&other);
    CHILD_ASSERT_TRUE(flags.find(" lo") == std::string::npos);
    CHILD_ASSERT_TRUE(flags.find(" dd") == std::string::npos);
  });
}

TEST(SecretPages, that_may_not_be_locked_make_no_secret) {
  in_child([] {
    rlimit none = {};
    CHILD_ASSERT_EQ(setrlimit(RLIMIT_MEMLOCK, &none), 0);
    if (getuid() == 0)
      CHILD_ASSERT_EQ(setuid(65534), 0);  // CAP_IPC_LOCK passes the limit
    memseal_secret *secret = nullptr;
    CHILD_ASSERT_ERROR(memseal_secret_create(&secret, 32, 0), EPERM);
    CHILD_ASSERT_TRUE(secret == nullptr);
  });
}

TEST(SecretLife, an_open_one_can_be_wiped_and_a_sealed_one_cannot) {
  in_child([] {
    memseal_secret *secret = new_secret();
    void *bytes = memseal_secret_edit(secret);
    CHILD_ASSERT_EQ(memseal_secret_wipe(secret), 0);
    CHILD_ASSERT_EQ(memseal_secret_wipe(secret), 0);
    CHILD_ASSERT_EQ(state_of(secret), MEMSEAL_SECRET_WIPED);
    CHILD_ASSERT_TRUE(memseal_secret_edit(secret) == nullptr);
    CHILD_ASSERT_EQ(errno, ESTALE);
    CHILD_ASSERT_ERROR(memseal_secret_seal(secret, 0), ESTALE);
    // Nobody else's memory can have come to its place.
    void *taken =
        mmap(page_of(bytes), page, PROT_READ,
             MAP_PRIVATE | MAP_ANONYMOUS | 0x100000 /* NOREPLACE */, -1, 0);
    CHILD_ASSERT_TRUE(taken != page_of(bytes));
    CHILD_ASSERT_EQ(memseal_secret_free(secret), 0);

    secret = sealed_secret(0);
    CHILD_ASSERT_ERROR(memseal_secret_wipe(secret), EPERM);
    CHILD_ASSERT_ERROR(memseal_secret_free(secret), EPERM);
    CHILD_ASSERT_EQ(std::strcmp(text_of(secret), "a key"), 0);
    CHILD_ASSERT_EQ(memseal_secret_free(nullptr), 0);
  });
}

TEST(SecretLife, a_seal_that_fails_leaves_it_open) {
  in_child([] {
    memseal_secret *secret = new_secret();
    CHILD_ASSERT_ERROR(memseal_secret_seal(secret, 1), EINVAL);
    // A page of it that holds SEAL takes no further types.
    void *at = page_of(memseal_secret_edit(secret));
    CHILD_ASSERT_EQ(memseal::memseal(at, page, MEMSEAL_SEAL, MEMSEAL_FILTER),
                    0);
    CHILD_ASSERT_ERROR(memseal_secret_seal(secret, MEMSEAL_FILTER), EACCES);
    CHILD_ASSERT_EQ(state_of(secret), MEMSEAL_SECRET_OPEN);
    std::memcpy(memseal_secret_edit(secret), "another", 8);
  });
}

TEST(SecretLife, arguments_that_make_no_sense_are_refused) {
  memseal_secret *secret = nullptr;
  errno = 0;
  EXPECT_EQ(memseal_secret_create(&secret, 0, 0), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(memseal_secret_create(&secret, (std::size_t{1} << 30) + 1, 0), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(memseal_secret_create(&secret, 32, 4), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(secret, nullptr);
}

TEST(SecretLife, sizes_of_every_kind_fit_between_the_guards) {
  for (std::size_t size : {1, 15, 16, 17, 4064, 4080, 4081, 4096, 100'000}) {
    EXPECT_EQ(in_child([size] {
                memseal_secret *secret = nullptr;
                CHILD_ASSERT_EQ(memseal_secret_create(&secret, size, 0), 0);
                auto *bytes = static_cast<char *>(memseal_secret_edit(secret));
                CHILD_ASSERT_EQ(reinterpret_cast<std::uintptr_t>(bytes) % 16,
                                0);
                std::memset(bytes, 'k', size);
                CHILD_ASSERT_EQ(memseal_secret_seal(secret, 0), 0);
                CHILD_ASSERT_EQ(text_of(secret)[size - 1], 'k');
                return 0;
              }),
              0)
        << size;
  }
}

TEST(SealedSecret, wraps_the_same_life) {
  in_child([] {
    auto key = SealedSecret::create(32);
    CHILD_ASSERT_TRUE(key);
    CHILD_ASSERT_TRUE(key->read().error().code == Errc::not_sealed);
    std::memcpy(key->edit(), "a key", 6);
    SealedSecret moved = std::move(*key);
    CHILD_ASSERT_TRUE(key->seal().error().code == Errc::wiped);
    CHILD_ASSERT_TRUE(moved.seal());
    CHILD_ASSERT_EQ(
        std::strcmp(static_cast<const char *>(*moved.read()), "a key"), 0);
    CHILD_ASSERT_TRUE(moved.wipe().error().code == Errc::denied);
  });
}

}  // namespace
}  // namespace memseal::test
