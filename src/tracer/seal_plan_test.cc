// SPDX-License-Identifier: Apache-2.0
// What is planned for an object that this test maps into its own memory as a
// loader would. Nothing is sealed.
#include "tracer/seal_plan.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "elf/test_image.h"

namespace memseal::tracer {
namespace {

using report::Reason;

constexpr std::size_t page = 0x1000, dynamic_offset = 0x6f00;
constexpr int code = PROT_READ | PROT_EXEC, data = PROT_READ | PROT_WRITE;

class Object {
public:
  explicit Object(Elf64_Dyn first = {DT_NULL, {0}},
                  std::vector<Elf64_Phdr> headers = elf::usual_headers()) {
    std::string file = elf::file_of(headers, 9 * page);
    std::memcpy(file.data() + dynamic_offset, &first, sizeof first);
    fd_ = memfd_create("memseal-planned", MFD_CLOEXEC);
    if (pwrite(fd_, file.data(), file.size(), 0) !=
        static_cast<ssize_t>(file.size()))
      std::abort();
    begin_ = static_cast<char *>(
        mmap(nullptr, 9 * page, PROT_READ, MAP_PRIVATE, fd_, 0));
  }
  ~Object() {
    munmap(begin_, 9 * page);
    close(fd_);
  }
  Object(const Object &) = delete;
  Object &operator=(const Object &) = delete;

  /// As ld.so leaves it.
  Object &load() {
    protect(2, 5, code);
    protect(6, 9, data);
    protect(6, 7, PROT_READ);
    return *this;
  }
  void protect(int begin, int end, int protection) {
    mprotect(begin_ + begin * page, (end - begin) * page, protection);
  }
  void replace(int at, int fd) {
    mmap(begin_ + at * page, page, PROT_READ,
         MAP_PRIVATE | MAP_FIXED | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
  }
  Address at(int index) const {
    return reinterpret_cast<Address>(begin_) + index * page;
  }

private:
  int fd_;
  char *begin_;
};

struct Look {
  process::Mappings space =
      process::Mappings::read(getpid(), sys::ReadSeals::without).value();
  process::RemoteMemory memory =
      process::RemoteMemory::open(getpid(), process::RemoteMemory::Access::read)
          .value();
};

bool is_ours(std::string_view object) {
  return object.find("memseal-planned") != std::string_view::npos;
}

SealPlan plan(Moment moment = Moment::running, Wanted wanted = {is_ours}) {
  Look look;
  return plan_seals(look.space, look.memory, moment, wanted);
}

/// "rodata 0-2 text 2-5 ..." in pages of the object.
std::string ranges_of(const SealPlan &plan, const Object &object) {
  std::string text;
  for (const PlannedRange &planned : plan.ranges)
    text += planned.segment + " " +
            std::to_string((planned.range.begin() - object.at(0)) / page) +
            "-" + std::to_string((planned.range.end() - object.at(0)) / page) +
            " ";
  return text;
}

/// "text:writable_now ..." of our object.
std::string left_out_of(const SealPlan &plan) {
  std::string text;
  for (const LeftOut &left : plan.left_out) {
    if (is_ours(left.object))
      text += left.segment + ":" + report::name(left.outcome.reason) + " ";
  }
  return text;
}

TEST(SealPlan, of_a_running_object_is_all_that_nobody_writes_to) {
  Object object;
  object.load();
  SealPlan made = plan();
  EXPECT_EQ(ranges_of(made, object),
            "rodata 0-2 text 2-5 rodata 5-6 relro 6-7 ");
  EXPECT_EQ(left_out_of(made), "");
  EXPECT_TRUE(is_ours(made.ranges[0].object));
  EXPECT_EQ(made.bytes(), 7 * page);
}

TEST(SealPlan, at_exec_leaves_relro_to_whoever_relocates) {
  Object object;
  object.load();
  EXPECT_EQ(ranges_of(plan(Moment::exec), object),
            "rodata 0-2 text 2-5 rodata 5-6 ");
}

TEST(SealPlan, has_nothing_of_objects_that_are_not_wanted) {
  Object object;
  object.load();
  SealPlan made =
      plan(Moment::running, {[](std::string_view) { return false; }});
  EXPECT_TRUE(made.ranges.empty());
  EXPECT_EQ(left_out_of(made), "");
}

TEST(SealPlan, tells_which_segments_were_not_wanted) {
  Object object;
  object.load();
  SealPlan made =
      plan(Moment::running,
           {is_ours, {.text = true, .rodata = false, .relro = false}});
  EXPECT_EQ(ranges_of(made, object), "text 2-5 ");
  EXPECT_EQ(left_out_of(made),
            "rodata:segment_left_out rodata:segment_left_out "
            "relro:segment_left_out ");
}

TEST(SealPlan, leaves_out_what_somebody_can_write_to_now) {
  Object object;
  object.load();
  object.protect(3, 4, data | PROT_EXEC);
  object.protect(6, 7, data);
  SealPlan made = plan();
  EXPECT_EQ(ranges_of(made, object),
            "rodata 0-2 text 2-3 text 4-5 rodata 5-6 ");
  EXPECT_EQ(left_out_of(made), "text:writable_now relro:writable_now ");
}

// Nobody knows whether the loader is done with it.
TEST(SealPlan, leaves_out_code_that_is_relocated) {
  Object object({DT_TEXTREL, {0}});
  object.load();
  SealPlan made = plan();
  EXPECT_EQ(ranges_of(made, object), "relro 6-7 ");
  EXPECT_EQ(left_out_of(made), "rodata:flawed text:flawed rodata:flawed ");
}

TEST(SealPlan, leaves_out_pages_that_somebody_else_mapped_there) {
  Object object;
  object.load();
  int other = memfd_create("other", MFD_CLOEXEC);
  ASSERT_EQ(ftruncate(other, page), 0);
  object.replace(3, other);
  EXPECT_EQ(ranges_of(plan(), object),
            "rodata 0-2 text 2-3 text 4-5 rodata 5-6 relro 6-7 ");
  // Control: pages of no file are the object's own, copied.
  object.replace(3, -1);
  EXPECT_EQ(ranges_of(plan(), object),
            "rodata 0-2 text 2-3 text 3-4 text 4-5 rodata 5-6 relro 6-7 ");
  close(other);
}

// A loader maps the file first and puts the segments over it.
TEST(SealPlan, of_a_file_that_is_not_loaded_yet_is_empty) {
  Object object;
  EXPECT_EQ(ranges_of(plan(), object), "");
  object.protect(2, 5, code);
  EXPECT_EQ(ranges_of(plan(), object), "");  // data is not writable yet
  object.load();
  EXPECT_NE(ranges_of(plan(), object), "");  // control
}

TEST(SealPlan, tells_of_headers_that_make_no_sense) {
  auto headers = elf::usual_headers();
  headers[1].p_filesz = headers[1].p_memsz + 1;
  Object object({DT_NULL, {0}}, headers);
  object.load();
  SealPlan made = plan();
  EXPECT_EQ(ranges_of(made, object), "");
  EXPECT_EQ(left_out_of(made), ":flawed ");
}

TEST(SealPlan, seals_gaps_only_as_ld_so_leaves_them) {
  Object object({DT_NULL, {0}}, {elf::segment(PF_R | PF_X, 0, 2 * page),
                                 elf::segment(PF_R, 6 * page, page)});
  object.protect(0, 2, code);
  object.protect(2, 6, PROT_NONE);
  EXPECT_EQ(ranges_of(plan(), object), "text 0-2 gap 2-6 rodata 6-7 ");
  object.protect(4, 5, PROT_READ);  // somebody uses it
  EXPECT_EQ(ranges_of(plan(), object), "text 0-2 gap 2-4 gap 5-6 rodata 6-7 ");
  object.replace(4, -1);
  object.protect(4, 5, PROT_NONE);  // not the loader's
  EXPECT_EQ(ranges_of(plan(), object), "text 0-2 gap 2-4 gap 5-6 rodata 6-7 ");
}

TEST(SealPlan, has_the_kernels_pages_as_they_are_wanted) {
  auto words = [](const Wanted &wanted) {
    std::string text;
    SealPlan made = plan(Moment::running, wanted);
    for (const PlannedRange &planned : made.ranges)
      if (text.find(planned.segment) == std::string::npos)
        text += planned.segment + " ";
    for (const LeftOut &left : made.left_out)
      if (left.object == "[vdso]" || left.object == "[vvar]")
        text += "no " + left.segment + " ";
    return text;
  };
  auto kernels = [](std::string_view name) { return name.starts_with("[v"); };
  std::string all = words({kernels});
  if (all.find("vdso") == std::string::npos)
    GTEST_SKIP() << "this process has no vdso";
  EXPECT_NE(all.find("vvar"), std::string::npos);
  EXPECT_EQ(all.find("no "), std::string::npos);
  std::string text_only =
      words({kernels, {.text = true, .rodata = false, .relro = false}});
  EXPECT_NE(text_only.find("vdso"), std::string::npos);
  EXPECT_NE(text_only.find("no vvar"), std::string::npos);
  auto code_only = [](std::string_view name) { return name == "[vdso]"; };
  EXPECT_EQ(words({code_only}), "vdso ");
}

TEST(Relro, of_the_object_around_an_address_is_found) {
  Object object;
  object.load();
  Look look;
  auto found = relro_of(look.space, look.memory, object.at(8));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0], *PageRange::create(object.at(6), page, page));
  EXPECT_TRUE(relro_of(look.space, look.memory, 0x10000).empty());
}

PlannedRange planned(Address begin, std::size_t pages, KernelSeal seal) {
  return {*PageRange::create(begin, pages * page, page), "text", "x", seal};
}

TEST(Calls, are_one_for_each_run_of_ranges_that_touch) {
  constexpr KernelSeal absent = KernelSeal::absent;
  SealPlan made;
  made.ranges = {planned(0x30000, 1, absent), planned(0x10000, 2, absent),
                 planned(0x12000, 1, absent), planned(0x14000, 1, absent)};
  EXPECT_EQ(made.calls(),
            (std::vector{*PageRange::create(0x10000, 3 * page, page),
                         *PageRange::create(0x14000, page, page),
                         *PageRange::create(0x30000, page, page)}));
  EXPECT_EQ(made.bytes(), 5 * page);
}

TEST(Calls, are_not_made_for_what_the_kernel_has_sealed) {
  SealPlan made;
  made.ranges = {planned(0x10000, 1, KernelSeal::absent),
                 planned(0x11000, 1, KernelSeal::present),
                 planned(0x12000, 1, KernelSeal::unknown)};
  EXPECT_EQ(made.calls(),
            (std::vector{*PageRange::create(0x10000, page, page),
                         *PageRange::create(0x12000, page, page)}));
}

}  // namespace
}  // namespace memseal::tracer
