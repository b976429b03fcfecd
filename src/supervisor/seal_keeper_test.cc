// SPDX-License-Identifier: Apache-2.0
// What a keeper answers, asked about this process.
#include "supervisor/seal_keeper.h"

#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "keeper/protocol.h"
#include "sys/memory.h"

namespace memseal::supervisor {
namespace {

using keeper::KeeperRequest;

/// Two pages of anonymous memory, of which the first is to be sealed.
class SealKeeperTest : public testing::Test {
protected:
  SealKeeperTest()
      : size_(sys::page_size()),
        pages_(static_cast<char *>(mmap(nullptr, 2 * size_, PROT_READ,
                                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {}
  ~SealKeeperTest() override { munmap(pages_, 2 * size_); }

  static seccomp_data data(int number, std::array<std::uint64_t, 6> args) {
    seccomp_data data{};
    data.nr = number;
    data.arch = native_arch;
    std::copy(args.begin(), args.end(), data.args);
    return data;
  }
  Verdict judged(SealKeeper &keeper, const seccomp_data &data) const {
    MemoryCall call;
    return decide(keeper, getpid(), data, size_, call);
  }
  long asked(SealKeeper &keeper, KeeperRequest what, std::uint64_t begin = 0,
             std::uint64_t size = 0) const {
    Verdict verdict = judged(
        keeper, data(SYS_brk, {0, keeper::keeper_cookie,
                               static_cast<std::uint64_t>(what), begin, size}));
    EXPECT_EQ(verdict.kind, Verdict::Kind::answer);
    EXPECT_FALSE(verdict.violation);
    return verdict.value;
  }
  void seal(SealKeeper &keeper, char *page) const {
    EXPECT_EQ(asked(keeper, KeeperRequest::seal, address(page), size_), 0);
  }
  Verdict unmapping(SealKeeper &keeper, char *page) const {
    return judged(keeper, data(SYS_munmap, {address(page), size_}));
  }
  static std::uint64_t address(char *page) {
    return reinterpret_cast<std::uint64_t>(page);
  }

  std::size_t size_;
  char *pages_;
};

TEST_F(SealKeeperTest, says_whether_it_enforces_what_is_sealed) {
  SealKeeper enforces(size_), watches(size_, OnViolation::permit);
  for (auto what : {KeeperRequest::ask, KeeperRequest::new_image}) {
    EXPECT_EQ(asked(enforces, what), keeper::keeper_is_here);
    EXPECT_EQ(asked(watches, what), keeper::keeper_only_watches);
  }
}

TEST_F(SealKeeperTest, takes_no_request_that_it_does_not_understand) {
  SealKeeper keeper(size_);
  EXPECT_EQ(asked(keeper, KeeperRequest{99}), -EINVAL);
  EXPECT_EQ(asked(keeper, KeeperRequest::seal, address(pages_) + 1, size_),
            -EINVAL);
  EXPECT_EQ(asked(keeper, KeeperRequest::seal, address(pages_), 0), -EINVAL);
}

TEST_F(SealKeeperTest, seals_nothing_of_which_it_would_not_be_asked) {
  SealKeeper keeper(size_);
  const keeper::ZoneShape zone = keeper::ZoneShape::of(
      filter::native_architecture(), 0x7ffc12345678, false);
  const Address border = zone.border();
  auto seal_at = [&](Address begin, std::uint64_t pages) {
    return asked(keeper, KeeperRequest::seal_object, begin, pages * size_);
  };
  EXPECT_EQ(seal_at(border - size_, 1), 0);  // twin
  keeper.guard(zone);
  EXPECT_EQ(asked(keeper, KeeperRequest::ask),
            keeper::keeper_is_here | zone.byte());
  EXPECT_EQ(seal_at(border - size_, 1), -ERANGE);
  EXPECT_EQ(seal_at(border - size_, 2), -ERANGE);
  EXPECT_EQ(seal_at(border, 1), 0);
  // Heap is not asked about either.
  EXPECT_EQ(asked(keeper, KeeperRequest::seal, border, size_), -ENOSYS);
}

TEST_F(SealKeeperTest, refuses_changes_of_what_is_sealed_and_no_others) {
  SealKeeper keeper(size_);
  EXPECT_EQ(unmapping(keeper, pages_).kind, Verdict::Kind::proceed);  // twin
  seal(keeper, pages_);
  Verdict refused = unmapping(keeper, pages_);
  EXPECT_EQ(refused.kind, Verdict::Kind::answer);
  EXPECT_EQ(refused.error(), EPERM);
  EXPECT_TRUE(refused.violation);
  EXPECT_EQ(unmapping(keeper, pages_ + size_).kind, Verdict::Kind::proceed);
  // A second time it need not look.
  EXPECT_EQ(unmapping(keeper, pages_).error(), EPERM);
}

TEST_F(SealKeeperTest, takes_advice_of_the_program_for_no_seal) {
  SealKeeper keeper(size_);
  seal(keeper, pages_ + size_);
  EXPECT_EQ(madvise(pages_, size_, MADV_DONTDUMP), 0);
  EXPECT_EQ(madvise(pages_, size_, MADV_RANDOM), 0);
  EXPECT_EQ(unmapping(keeper, pages_).kind, Verdict::Kind::proceed);
}

// As io_uring's MADVISE does, which makes no call.
TEST_F(SealKeeperTest, goes_on_refusing_whatever_advice_is_given) {
  SealKeeper keeper(size_);
  seal(keeper, pages_);
  for (int advice : {MADV_DODUMP, MADV_NORMAL, MADV_SEQUENTIAL, MADV_DONTFORK,
                     MADV_DONTNEED}) {
    EXPECT_EQ(madvise(pages_, size_, advice), 0);
    EXPECT_EQ(unmapping(keeper, pages_).error(), EPERM) << advice;
  }
}

TEST_F(SealKeeperTest, refuses_what_grows_over_a_seal) {
  SealKeeper keeper(size_);
  seal(keeper, pages_);
  auto protect = [&](int prot) {
    return judged(keeper,
                  data(SYS_mprotect, {address(pages_) + size_, size_,
                                      static_cast<std::uint64_t>(prot)}));
  };
  EXPECT_EQ(protect(PROT_READ).kind, Verdict::Kind::proceed);  // twin
  EXPECT_EQ(protect(PROT_READ | PROT_GROWSDOWN).error(), EPERM);
}

TEST_F(SealKeeperTest, that_permits_forgets_what_is_gone) {
  SealKeeper keeper(size_, OnViolation::permit);
  seal(keeper, pages_);
  auto protect = data(SYS_mprotect, {address(pages_), size_, PROT_READ});
  EXPECT_TRUE(judged(keeper, protect).violation);
  EXPECT_TRUE(judged(keeper, protect).violation);
  EXPECT_TRUE(unmapping(keeper, pages_).violation);
  EXPECT_FALSE(unmapping(keeper, pages_).violation);
}

TEST_F(SealKeeperTest, refuses_to_empty_read_only_private_pages_only) {
  SealKeeper keeper(size_);
  auto discard = data(SYS_madvise, {address(pages_), size_, MADV_DONTNEED});
  EXPECT_EQ(judged(keeper, discard).kind, Verdict::Kind::proceed);  // twin
  seal(keeper, pages_);
  EXPECT_EQ(judged(keeper, discard).error(), EPERM);
  // Who may write may empty: the seal does not say otherwise.
  mprotect(pages_ + size_, size_, PROT_READ | PROT_WRITE);
  seal(keeper, pages_ + size_);
  auto other =
      data(SYS_madvise, {address(pages_) + size_, size_, MADV_DONTNEED});
  EXPECT_EQ(judged(keeper, other).kind, Verdict::Kind::proceed);
  EXPECT_EQ(unmapping(keeper, pages_ + size_).error(), EPERM);
  // Of an object nothing is writable for long.
  EXPECT_EQ(
      asked(keeper, KeeperRequest::seal_object, address(pages_) + size_, size_),
      0);
  EXPECT_EQ(judged(keeper, other).error(), EPERM);
}

}  // namespace
}  // namespace memseal::supervisor
