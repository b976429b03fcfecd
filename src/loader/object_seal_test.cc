// SPDX-License-Identifier: Apache-2.0
// What is asked for of an object, and what is told of it. The object is a
// made-up one in this test's memory; nothing here seals.
#include "loader/object_seal.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "elf/test_image.h"
#include "report/reason.h"
#include "sys/page_state.h"

namespace memseal::loader {
namespace {

using report::Reason;

constexpr std::size_t page = 0x1000, dynamic_offset = 0x6f00;

/// The library of elf/test_image.h as ld.so leaves it: 9 pages, RELRO the
/// seventh, the last two writable.
class Object {
public:
  explicit Object(std::vector<Elf64_Phdr> headers = elf::usual_headers()) {
    std::string file = elf::file_of(headers, 9 * page);
    begin_ =
        static_cast<char *>(mmap(nullptr, file.size(), PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::memcpy(begin_, file.data(), file.size());
    map_.l_addr = at(0);
    map_.l_ld = reinterpret_cast<Elf64_Dyn *>(begin_ + dynamic_offset);
    protect_relro(PROT_READ);
  }
  ~Object() { munmap(begin_, 9 * page); }
  Object(const Object &) = delete;
  Object &operator=(const Object &) = delete;

  Address at(std::size_t offset) const {
    return reinterpret_cast<Address>(begin_) + offset;
  }
  PageRange range(std::size_t begin, std::size_t end) const {
    return *PageRange::create(at(begin), end - begin, page);
  }
  void protect_relro(int protection) {
    mprotect(begin_ + 0x6000, page, protection);
  }
  void set_dynamic(Elf64_Dyn first) {
    protect_relro(PROT_READ | PROT_WRITE);
    map_.l_ld[0] = first;
    protect_relro(PROT_READ);
  }
  void damage_header() { begin_[EI_CLASS] = 9; }

  Image image() { return {&map_, "libx.so", MappedBy::loader}; }

private:
  char *begin_;
  LinkMap map_{};
};

constexpr SegmentSet text_only{.text = true, .rodata = false, .relro = false};
constexpr SegmentSet all_but_text{.text = false, .rodata = true, .relro = true};

std::vector<PageRange> collected(Object &object, SegmentSet wanted) {
  Requests requests;
  EXPECT_TRUE(collect_object(object.image(), wanted, seal_type::all, requests));
  std::vector<PageRange> ranges;
  for (const SealRequest &request : requests)
    ranges.push_back(request.range);
  return ranges;
}

using Ranges = std::vector<PageRange>;

TEST(Collecting, parts_that_touch_are_one_request_and_data_is_none) {
  Object object;
  EXPECT_EQ(collected(object, every_segment), Ranges{object.range(0, 0x7000)});
}

TEST(Collecting, what_is_left_out_parts_the_requests) {
  Object object;
  EXPECT_EQ(collected(object, text_only), Ranges{object.range(0x2000, 0x5000)});
  EXPECT_EQ(collected(object, all_but_text),
            (Ranges{object.range(0, 0x2000), object.range(0x5000, 0x7000)}));
}

TEST(Collecting, relro_that_is_still_writable_is_not_asked_for) {
  Object object;
  object.protect_relro(PROT_READ | PROT_WRITE);
  if (sys::writability(object.at(0x6000)) == sys::Writability::unknown)
    GTEST_SKIP() << "the kernel does not tell (Linux 5.14)";
  EXPECT_EQ(collected(object, every_segment), Ranges{object.range(0, 0x6000)});
}

TEST(Collecting, carries_the_types_that_were_asked_for) {
  Object object;
  Requests requests;
  collect_object(object.image(), every_segment, seal_type::mprotect, requests);
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].types, seal_type::mprotect);
}

TEST(Collecting, adds_nothing_of_an_object_that_does_not_fit_whole) {
  Object object;
  Requests requests;
  SealRequest other{object.range(0, page)};
  // Room for one of the two requests.
  while (requests.push_back(other)) {
  }
  requests.pop_back();
  std::size_t before = requests.size();
  EXPECT_FALSE(
      collect_object(object.image(), all_but_text, seal_type::all, requests));
  EXPECT_EQ(requests.size(), before);
  // Control: one more would have been enough.
  requests.pop_back();
  EXPECT_TRUE(
      collect_object(object.image(), all_but_text, seal_type::all, requests));
  EXPECT_EQ(requests.size(), before + 1);
}

ObjectOutcome concluded(const Image &image, SegmentSet wanted,
                        const Result<void> &sealed) {
  ObjectOutcome outcome;
  conclude_object(image, wanted, sealed, outcome);
  return outcome;
}
ObjectOutcome left(const Image &image, Reason reason) {
  ObjectOutcome outcome;
  leave_object(image, reason, outcome);
  return outcome;
}

std::vector<std::string> reasons_of(const ObjectOutcome &outcome) {
  std::vector<std::string> names;
  for (const PartOutcome &item : outcome.parts)
    names.emplace_back(report::name(item.outcome.reason));
  return names;
}

using Names = std::vector<std::string>;

TEST(Outcome, of_a_commit_that_succeeded_says_sealed_of_what_was_wanted) {
  Object object;
  EXPECT_EQ(reasons_of(concluded(object.image(), every_segment, {})),
            (Names{"none", "none", "none", "none", "writable_by_design"}));
  EXPECT_EQ(reasons_of(concluded(object.image(), text_only, {})),
            (Names{"segment_left_out", "none", "segment_left_out",
                   "segment_left_out", "writable_by_design"}));
}

TEST(Outcome, of_a_commit_that_failed_tells_why) {
  Object object;
  struct {
    Error error;
    Reason reason;
    int sys_errno;
  } const cases[] = {
      {{Errc::hole}, Reason::hole, 0},
      {{Errc::system, ENOMEM}, Reason::hole, 0},
      {{Errc::capacity}, Reason::table_full, 0},
      {{Errc::unsupported}, Reason::no_engine, 0},
      {{Errc::system, ENOENT}, Reason::no_proc, 0},
      {{Errc::system, EPERM}, Reason::refused, EPERM},
      {{Errc::system, EBUSY}, Reason::refused, EBUSY},
  };
  for (const auto &c : cases) {
    ObjectOutcome outcome =
        concluded(object.image(), text_only, std::unexpected(c.error));
    EXPECT_EQ(outcome.parts[1].outcome.reason, c.reason);
    EXPECT_EQ(outcome.parts[1].outcome.sys_errno, c.sys_errno);
    // What was not asked for is not what failed.
    EXPECT_EQ(outcome.parts[0].outcome.reason, Reason::segment_left_out);
    EXPECT_EQ(outcome.shortfall().reason, c.reason);
  }
}

TEST(Outcome, falls_short_by_the_first_part_that_does) {
  Object object;
  EXPECT_FALSE(
      concluded(object.image(), every_segment, {}).shortfall().falls_short());
  object.protect_relro(PROT_READ | PROT_WRITE);
  EXPECT_EQ(concluded(object.image(), every_segment, {}).shortfall().reason,
            Reason::relro_writable);
}

TEST(Outcome, of_an_object_that_is_left_says_so_of_all_but_its_data) {
  Object object;
  EXPECT_EQ(reasons_of(left(object.image(), Reason::no_mseal)),
            (Names{"no_mseal", "no_mseal", "no_mseal", "no_mseal",
                   "writable_by_design"}));
}

TEST(Outcome, of_a_flawed_object_tells_the_flaw_unless_nobody_asked_for_it) {
  Object object;
  object.set_dynamic({DT_TEXTREL, {0}});
  ObjectOutcome wanted = left(object.image(), Reason::no_mseal);
  EXPECT_TRUE(wanted.parts.empty());
  EXPECT_EQ(wanted.whole.reason, Reason::flawed);
  EXPECT_EQ(wanted.whole.flaw, elf::Flaw::text_relocations);
  EXPECT_EQ(wanted.shortfall().reason, Reason::flawed);
  ObjectOutcome unwanted = left(object.image(), Reason::not_selected);
  EXPECT_EQ(unwanted.whole.reason, Reason::not_selected);
  EXPECT_FALSE(unwanted.shortfall().falls_short());
}

TEST(Image, whose_headers_are_of_another_object_is_not_sealed_by_them) {
  Object object;
  elf::Layout layout;
  ASSERT_TRUE(layout_of(object.image(), layout));  // control
  auto headers = elf::usual_headers();
  headers[4].p_vaddr += 0x10;  // its dynamic section is elsewhere
  Object other(headers);
  auto found = layout_of(other.image(), layout);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().reason, Reason::headers_not_found);
}

TEST(Image, that_is_pages_without_a_file_is_one_part_of_rodata) {
  Object object;
  Image vvar{nullptr, "[vvar]", MappedBy::kernel, object.range(0, 0x4000)};
  elf::Layout layout;
  ASSERT_TRUE(layout_of(vvar, layout));
  ASSERT_EQ(layout.parts().size(), 1u);
  EXPECT_EQ(layout.parts()[0].kind, elf::PartKind::rodata);
  EXPECT_EQ(layout.parts()[0].range, object.range(0, 0x4000));
}

/// Pages 2 to 5 of the object lie between two segments.
Ranges collected_with_gap(MappedBy mapper, bool mapped) {
  Object object({elf::segment(PF_R | PF_X, 0, 0x2000),
                 elf::segment(PF_R, 0x6000, 0x1000),
                 elf::segment(PF_R, dynamic_offset, 0x90, PT_DYNAMIC)});
  if (!mapped)
    munmap(reinterpret_cast<void *>(object.at(0x3000)), page);
  Image image = object.image();
  image.mapped_by = mapper;
  Requests requests;
  collect_object(image, every_segment, seal_type::all, requests);
  Ranges offsets;
  for (const SealRequest &request : requests)
    offsets.push_back(*PageRange::create(request.range.begin() - object.at(0),
                                         request.range.size(), page));
  return offsets;
}

PageRange offsets(std::size_t begin, std::size_t end) {
  return *PageRange::create(begin, end - begin, page);
}

TEST(Gap, is_sealed_with_its_neighbours_where_the_loader_left_it_mapped) {
  EXPECT_EQ(collected_with_gap(MappedBy::loader, true),
            Ranges{offsets(0, 0x7000)});
}

TEST(Gap, is_nobodys_where_the_kernel_mapped_the_object_or_a_page_is_gone) {
  const Ranges around{offsets(0, 0x2000), offsets(0x6000, 0x7000)};
  EXPECT_EQ(collected_with_gap(MappedBy::kernel, true), around);
  EXPECT_EQ(collected_with_gap(MappedBy::loader, false), around);
}

}  // namespace
}  // namespace memseal::loader
