// SPDX-License-Identifier: Apache-2.0
#include "process/seal_register.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "memseal/engine.h"
#include "memseal/seal_types.h"
#include "support/in_child.h"
#include "sys/memory.h"

namespace memseal::process {
namespace {

constexpr std::size_t page = 0x1000;

/// As a process makes it that has room for 8 entries.
RegisterHeader usual(std::uint64_t size = page) {
  RegisterHeader header{};
  header.magic = register_magic;
  header.version = register_version;
  header.capacity = 8;
  header.table[0].offset = sizeof header;
  header.table[1].offset = sizeof header + 8 * sizeof(RegisterEntry);
  header.size = size;
  return header;
}

RegisterEntry entry(std::uint64_t begin, std::uint64_t end,
                    SealTypes filter = seal_type::all,
                    std::uint32_t flags = 0) {
  return {.begin = begin,
          .end = end,
          .types = seal_type::all.bits,
          .filter_types = filter.bits,
          .flags = flags,
          .engine = Engine::filter.bits()};
}

TEST(SealRegister, is_plausible_as_memseal_makes_it) {
  RegisterHeader header = usual();
  EXPECT_TRUE(is_plausible(header, page));
  EXPECT_TRUE(is_plausible(header, 2 * page));
  header.table[0].count = header.table[1].count = 8;
  EXPECT_TRUE(is_plausible(header, page));
}

TEST(SealRegister, is_not_plausible_with_a_table_outside_its_memory) {
  auto with = [](auto change) {
    RegisterHeader header = usual();
    change(header);
    return is_plausible(header, page);
  };
  EXPECT_FALSE(with([](auto &h) { h.magic ^= 1; }));
  EXPECT_FALSE(with([](auto &h) { h.version = 2; }));
  EXPECT_FALSE(with([](auto &h) { h.size = page + 1; }));
  EXPECT_FALSE(with([](auto &h) { h.size = 0; }));
  EXPECT_FALSE(with([](auto &h) { h.table[0].count = 9; }));
  EXPECT_FALSE(with([](auto &h) { h.table[1].count = ~0u; }));
  EXPECT_FALSE(with([](auto &h) { h.table[0].offset = sizeof h - 1; }));
  EXPECT_FALSE(with([](auto &h) { h.table[1].offset = page - 1; }));
  EXPECT_FALSE(with([](auto &h) { h.table[1].offset = ~0u; }));
  EXPECT_FALSE(with([](auto &h) { h.capacity = 200; }));
  EXPECT_FALSE(with([](auto &h) { h.capacity = ~0u; }));
}

TEST(SealRegister, has_no_more_than_a_million_entries) {
  RegisterHeader header = usual(~std::uint64_t{0});
  header.capacity = 1u << 20;
  EXPECT_TRUE(is_plausible(header, ~std::uint64_t{0}));
  ++header.capacity;
  EXPECT_FALSE(is_plausible(header, ~std::uint64_t{0}));
}

TEST(SealRegister, has_entries_that_ascend_and_do_not_overlap) {
  using Entries = std::vector<RegisterEntry>;
  EXPECT_TRUE(are_in_order({}, page));
  EXPECT_TRUE(are_in_order(
      Entries{entry(0, page), entry(page, 3 * page), entry(4 * page, ~0xfffUL)},
      page));
  EXPECT_FALSE(are_in_order(Entries{entry(page, page)}, page));
  EXPECT_FALSE(are_in_order(Entries{entry(2 * page, page)}, page));
  EXPECT_FALSE(are_in_order(
      Entries{entry(page, 3 * page), entry(2 * page, 4 * page)}, page));
  EXPECT_FALSE(
      are_in_order(Entries{entry(2 * page, 3 * page), entry(0, page)}, page));
  EXPECT_FALSE(are_in_order(Entries{entry(page + 8, 2 * page)}, page));
  EXPECT_FALSE(are_in_order(Entries{entry(page, page + 8)}, page));
}

bool guarded(const std::vector<RegisterEntry> &entries, Address begin,
             Address end) {
  return guarded_by_filter(entries,
                           *PageRange::create(begin, end - begin, page));
}

TEST(SealRegister, says_guarded_of_a_range_without_hole_or_exception) {
  std::vector<RegisterEntry> entries{
      entry(page, 2 * page), entry(2 * page, 4 * page),
      entry(4 * page, 5 * page, seal_type::mprotect),
      entry(5 * page, 6 * page, seal_type::all, flag_downgradable),
      entry(8 * page, 9 * page)};
  EXPECT_TRUE(guarded(entries, page, 4 * page));
  EXPECT_TRUE(guarded(entries, 2 * page, 3 * page));
  EXPECT_TRUE(guarded(entries, 8 * page, 9 * page));
  EXPECT_FALSE(guarded(entries, 0, 2 * page));
  EXPECT_FALSE(guarded(entries, 3 * page, 5 * page));
  EXPECT_FALSE(guarded(entries, 5 * page, 6 * page));
  EXPECT_FALSE(guarded(entries, 7 * page, 9 * page));
  EXPECT_FALSE(guarded(entries, 8 * page, 10 * page));
  EXPECT_FALSE(guarded({}, 0, page));
}

/// Where this process may mount what nobody else sees.
bool has_own_mounts() {
  std::string map = "0 " + std::to_string(geteuid()) + " 1";
  if (geteuid() != 0) {
    if (unshare(CLONE_NEWUSER) != 0)
      return false;
    int fd = open("/proc/self/uid_map", O_WRONLY);
    bool mapped =
        write(fd, map.data(), map.size()) == static_cast<ssize_t>(map.size());
    close(fd);
    if (!mapped)
      return false;
  }
  return unshare(CLONE_NEWNS) == 0 &&
         mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

/// A register in this process, found as another's would be.
class LivingRegister : public ::testing::Test {
protected:
  static constexpr std::size_t size = std::size_t{16} << 10;

  ~LivingRegister() override {
    for (std::byte *made : made_)
      munmap(made, size);
  }

  std::byte *make(const char *name = register_name, int flags = MAP_PRIVATE) {
    int fd = memfd_create(name, MFD_CLOEXEC);
    EXPECT_EQ(ftruncate(fd, size), 0);
    void *at = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    EXPECT_NE(at, MAP_FAILED);
    close(fd);
    made_.push_back(static_cast<std::byte *>(at));
    std::byte *first = made_.back();
    put(first, 0, usual(size));
    return first;
  }

  template <typename T>
  static void put(std::byte *at, std::size_t offset, const T &value) {
    std::memcpy(at + offset, &value, sizeof value);
  }
  static void put_entry(std::byte *at, std::uint64_t begin, std::uint64_t end) {
    RegisterHeader header = usual(size);
    header.table[0].count = 1;
    put(at, 0, header);
    put(at, header.table[0].offset, entry(begin, end));
  }
  static void chain(std::byte *from, const void *to) {
    put(from, offsetof(RegisterHeader, next), to);
  }

  static Result<std::optional<SealRegister>> find() {
    auto mappings = *Mappings::read(getpid(), sys::ReadSeals::without);
    auto memory = *RemoteMemory::open(getpid(), RemoteMemory::Access::read);
    return SealRegister::find(mappings, memory);
  }

  std::vector<std::byte *> made_;
};

TEST_F(LivingRegister, is_found_by_its_name) {
  auto nothing = find();
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(*nothing);
  put_entry(make(), sys::page_size(), 2 * sys::page_size());
  auto found = find();
  ASSERT_TRUE(found);
  ASSERT_TRUE(*found);
  EXPECT_EQ((*found)->at.value, reinterpret_cast<Address>(made_[0]));
  ASSERT_EQ((*found)->entries.size(), 1u);
  EXPECT_EQ((*found)->entries[0].begin, sys::page_size());
}

TEST_F(LivingRegister, is_none_under_another_name_or_without_its_magic) {
  make("memseal-registers");
  make(register_name, MAP_SHARED);
  put(make(), 0, std::uint64_t{0});
  auto found = find();
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST_F(LivingRegister, is_followed_to_the_one_that_replaced_it) {
  std::byte *first = make(), *last = make();
  put_entry(last, 0, sys::page_size());
  chain(first, last);
  chain(last, nullptr);
  auto found = find();
  // Either may be found first; the last one is what counts.
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->at.value, reinterpret_cast<Address>(last));
}

TEST_F(LivingRegister, is_malformed_if_its_chain_does_not_end) {
  std::byte *first = make();
  chain(first, first);
  EXPECT_EQ(find().error().code, Errc::malformed);
}

// Memory that is no memfd could be a file whose owner never answers.
TEST_F(LivingRegister, is_not_followed_out_of_memfds) {
  alignas(4096) static std::byte elsewhere[size];
  put(elsewhere, 0, usual(size));
  std::byte *first = make();
  chain(first, elsewhere);
  EXPECT_EQ(find().error().code, Errc::malformed);
  chain(first, first + 8);
  EXPECT_EQ(find().error().code, Errc::malformed);
}

// In a mount that is gone a file's name begins at the root of that mount.
TEST_F(LivingRegister, is_no_file_that_is_named_like_a_memfd) {
  test::in_child([] {
    char folder[] = "/tmp/memseal-test-XXXXXX";
    CHILD_ASSERT_TRUE(mkdtemp(folder) != nullptr);
    bool mounted =
        has_own_mounts() && mount("none", folder, "tmpfs", 0, nullptr) == 0;
    std::string path = folder + std::string("/memfd:") + register_name;
    int fd = mounted ? open(path.c_str(), O_RDWR | O_CREAT, 0600) : -1;
    RegisterHeader header = usual(size);
    bool written = write(fd, &header, sizeof header) == sizeof header &&
                   ftruncate(fd, size) == 0;
    void *at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mounted)
      umount2(folder, MNT_DETACH);
    rmdir(folder);
    if (!written || at == MAP_FAILED)
      CHILD_SKIP("nothing may be mounted here");
    auto all = *Mappings::read(getpid(), sys::ReadSeals::without);
    CHILD_ASSERT_EQ(all.find(reinterpret_cast<Address>(at))->name,
                    std::string("/memfd:") + register_name);
    auto found = find();
    CHILD_ASSERT_TRUE(found && !*found);
  });
}

TEST_F(LivingRegister, is_malformed_if_its_entries_are) {
  put_entry(make(), 2 * sys::page_size(), sys::page_size());
  EXPECT_EQ(find().error().code, Errc::malformed);
}

}  // namespace
}  // namespace memseal::process
