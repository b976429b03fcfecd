// SPDX-License-Identifier: Apache-2.0
// What a keeper answers, asked about this process: its marks are set here.
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
  /// As a client does: a request, then the marks.
  void seal(SealKeeper &keeper, char *page) const {
    EXPECT_EQ(asked(keeper, KeeperRequest::seal, address(page), size_), 0);
    EXPECT_EQ(madvise(page, size_, MADV_DONTDUMP), 0);
    EXPECT_EQ(madvise(page, size_, MADV_RANDOM), 0);
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

TEST_F(SealKeeperTest, believes_no_marks_alone) {
  SealKeeper keeper(size_);
  EXPECT_EQ(madvise(pages_, size_, MADV_DONTDUMP), 0);
  EXPECT_EQ(madvise(pages_, size_, MADV_RANDOM), 0);
  EXPECT_EQ(unmapping(keeper, pages_).kind, Verdict::Kind::proceed);
  seal(keeper, pages_ + size_);
  EXPECT_EQ(unmapping(keeper, pages_).kind, Verdict::Kind::proceed);
}

TEST_F(SealKeeperTest, believes_no_request_without_the_marks) {
  SealKeeper keeper(size_);
  EXPECT_EQ(asked(keeper, KeeperRequest::seal, address(pages_), size_), 0);
  EXPECT_EQ(unmapping(keeper, pages_).kind, Verdict::Kind::proceed);
}

TEST_F(SealKeeperTest,
       lets_advice_take_no_mark_away_and_calls_it_no_violation) {
  SealKeeper keeper(size_);
  auto dump = data(SYS_madvise, {address(pages_), size_, MADV_DODUMP});
  EXPECT_EQ(judged(keeper, dump).kind, Verdict::Kind::proceed);  // twin
  seal(keeper, pages_);
  Verdict verdict = judged(keeper, dump);
  EXPECT_EQ(verdict.kind, Verdict::Kind::answer);
  EXPECT_EQ(verdict.value, 0);
  EXPECT_FALSE(verdict.violation);
}

TEST_F(SealKeeperTest, refuses_to_empty_read_only_private_pages_only) {
  SealKeeper keeper(size_);
  auto discard = data(SYS_madvise, {address(pages_), size_, MADV_DONTNEED});
  EXPECT_EQ(judged(keeper, discard).kind, Verdict::Kind::proceed);  // twin
  seal(keeper, pages_);
  EXPECT_EQ(judged(keeper, discard).error(), EPERM);
  // Who may write may empty: the seal does not say otherwise.
  mprotect(pages_, size_, PROT_READ | PROT_WRITE);
  EXPECT_EQ(judged(keeper, discard).kind, Verdict::Kind::proceed);
}

}  // namespace
}  // namespace memseal::supervisor
