// SPDX-License-Identifier: Apache-2.0
#include "process/loaded_object.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "elf/test_image.h"
#include "vm/maps_parser.h"

namespace memseal::process {
namespace {

constexpr std::size_t page = 0x1000;

/// What the mappings of a text, which begin with an object's first segment,
/// make of the file. Reads are counted.
class Recognised : public ::testing::Test {
protected:
  std::string file_ = elf::file_of(elf::usual_headers());
  std::size_t bytes_read_ = 0;

  Refusable<std::optional<LoadedObject>, elf::Flaw> ask(std::string_view text) {
    Mappings all = Mappings::parse(text, page);
    auto found = recognise(
        all, all.mappings().front(), page,
        [&](std::uint64_t offset, std::span<std::byte> out) {
          bytes_read_ += out.size();
          if (offset > file_.size() || out.size() > file_.size() - offset)
            return false;
          std::memcpy(out.data(), file_.data() + offset, out.size());
          return true;
        });
    return found;
  }

  /// Nothing if it is not loaded.
  std::optional<Loading> loading(std::string_view text) {
    auto found = ask(text);
    EXPECT_TRUE(found);
    return *found ? std::optional((*found)->loading) : std::nullopt;
  }
};

constexpr char loaded[] =
    "10000-12000 r--p 0000 8:1 5 /lib/a.so\n"
    "12000-15000 r-xp 2000 8:1 5 /lib/a.so\n"
    "15000-16000 r--p 5000 8:1 5 /lib/a.so\n"
    "16000-17000 r--p 6000 8:1 5 /lib/a.so\n"
    "17000-19000 rw-p 7000 8:1 5 /lib/a.so\n";

TEST_F(Recognised, an_object_whose_parts_are_in_place_is_wholly_loaded) {
  auto found = ask(loaded);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->loading, Loading::wholly);
  EXPECT_EQ((*found)->layout.extent(),
            *PageRange::create(0x10000, 0x9000, page));
  EXPECT_FALSE((*found)->has_interpreter);
}

TEST_F(Recognised, a_file_mapped_only_to_be_read_is_no_object) {
  EXPECT_EQ(loading("10000-19000 r--p 0 8:1 5 /lib/a.so\n"), std::nullopt);
  EXPECT_EQ(loading("10000-11000 r--p 0 8:1 5 /lib/a.so\n"), std::nullopt);
}

// A loader maps the whole file executable or not, then the segments over it.
TEST_F(Recognised, an_object_is_partly_loaded_until_its_data_is_writable) {
  EXPECT_EQ(loading("10000-19000 r-xp 0 8:1 5 /lib/a.so\n"), Loading::partly);
  EXPECT_EQ(loading("10000-12000 r--p 0 8:1 5 /lib/a.so\n"
                    "12000-15000 r-xp 2000 8:1 5 /lib/a.so\n"
                    "15000-19000 r--p 5000 8:1 5 /lib/a.so\n"),
            Loading::partly);
}

TEST_F(Recognised, an_object_does_not_run_another_files_code) {
  EXPECT_EQ(loading("10000-12000 r--p 0000 8:1 5 /lib/a.so\n"
                    "12000-15000 r-xp 2000 8:1 6 /lib/b.so\n"
                    "15000-19000 rw-p 5000 8:1 5 /lib/a.so\n"),
            std::nullopt);
  EXPECT_EQ(loading("10000-12000 r--p 0000 8:1 5 /lib/a.so\n"
                    "12000-15000 r-xp 3000 8:1 5 /lib/a.so\n"
                    "15000-19000 rw-p 5000 8:1 5 /lib/a.so\n"),
            std::nullopt);
}

TEST_F(Recognised, code_may_have_been_copied_to_huge_pages) {
  EXPECT_EQ(loading("10000-12000 r--p 0000 8:1 5 /lib/a.so\n"
                    "12000-15000 r-xp 0000 0:0 0\n"
                    "15000-17000 r--p 5000 8:1 5 /lib/a.so\n"
                    "17000-18000 rw-p 7000 8:1 5 /lib/a.so\n"
                    "18000-19000 rw-p 0000 0:0 0\n"),
            Loading::wholly);
}

TEST_F(Recognised, sealing_or_protecting_a_part_splits_mappings) {
  EXPECT_EQ(loading("10000-11000 r--p 0000 8:1 5 /lib/a.so\n"
                    "11000-12000 r--p 1000 8:1 5 /lib/a.so\n"
                    "12000-13000 r-xp 2000 8:1 5 /lib/a.so\n"
                    "13000-15000 r-xp 3000 8:1 5 /lib/a.so\n"
                    "15000-17000 r--p 5000 8:1 5 /lib/a.so\n"
                    "17000-19000 rw-p 7000 8:1 5 /lib/a.so\n"),
            Loading::wholly);
}

TEST_F(Recognised, a_library_of_constants_needs_no_code) {
  file_ = elf::file_of({elf::segment(PF_R, 0, 0x4000)});
  EXPECT_EQ(loading("10000-14000 r--p 0 8:1 5 /lib/data.so\n"),
            Loading::wholly);
}

TEST_F(Recognised, the_first_segment_begins_the_object) {
  std::string_view rest(loaded);
  rest.remove_prefix(rest.find('\n') + 1);
  EXPECT_EQ(loading(rest), std::nullopt);
}

TEST_F(Recognised, what_is_no_elf_file_is_no_object_and_no_flaw) {
  file_ = "#!/bin/sh\n";
  EXPECT_EQ(loading(loaded), std::nullopt);
  file_.clear();
  EXPECT_EQ(loading(loaded), std::nullopt);
}

TEST_F(Recognised, headers_that_make_no_sense_are_a_flaw) {
  auto headers = elf::usual_headers();
  headers[1].p_vaddr = 0;
  file_ = elf::file_of(headers);
  EXPECT_EQ(ask(loaded).error(), elf::Flaw::overlapping);
  file_ = elf::file_of(elf::usual_headers()).substr(0, 100);
  EXPECT_EQ(ask(loaded).error(), elf::Flaw::headers_outside);
}

TEST_F(Recognised, a_few_kib_are_read_whatever_the_headers_say) {
  file_ = elf::file_of(
      std::vector<Elf64_Phdr>(60'000, elf::segment(PF_R, 0, 0x1000)),
      std::size_t{4} << 20);
  EXPECT_EQ(ask(loaded).error(), elf::Flaw::too_many_headers);
  EXPECT_LT(bytes_read_, 20'000u);
}

TEST(RecogniseByFile, this_program_is_wholly_loaded) {
  auto all = *Mappings::read(getpid(), sys::ReadSeals::without);
  char path[4096];
  ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  ASSERT_GT(size, 0);
  std::string_view self(path, static_cast<std::size_t>(size));
  for (const Mapping &mapping : all.mappings()) {
    if (mapping.name != self)
      continue;
    RecognisedFile found = recognise_by_file(getpid(), all, mapping);
    EXPECT_EQ(found.note, "");
    ASSERT_TRUE(found.object);
    EXPECT_EQ(found.object->loading, Loading::wholly);
    EXPECT_TRUE(found.object->has_interpreter);
    auto memory = *RemoteMemory::open(getpid(), RemoteMemory::Access::read);
    auto same = recognise_in_memory(all, mapping, memory);
    ASSERT_TRUE(same && *same);
    EXPECT_EQ((*same)->layout.extent(), found.object->layout.extent());
    return;
  }
  FAIL() << "this program is not mapped";
}

}  // namespace
}  // namespace memseal::process
