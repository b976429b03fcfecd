// SPDX-License-Identifier: Apache-2.0
#include "loader/constructor_trampoline.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <initializer_list>

#include "sys/memory.h"
#include "sys/page_state.h"

namespace memseal::loader {
namespace {

constexpr Elf64_Addr constructor = 0x1234;

/// A dynamic section on a page of its own.
class Section {
public:
  Section(std::initializer_list<Elf64_Dyn> entries, int protection) {
    at_ = static_cast<Elf64_Dyn *>(mmap(nullptr, sys::page_size(),
                                        PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::copy(entries.begin(), entries.end(), at_);
    mprotect(at_, sys::page_size(), protection);
    map_.l_ld = at_;
    set_trampoline(map_);
  }
  Section(const Section &) = delete;
  Section &operator=(const Section &) = delete;
  ~Section() {
    cancel_trampoline(map_);
    munmap(at_, sys::page_size());
  }
  const Elf64_Dyn &operator[](std::size_t i) const { return at_[i]; }
  Address address() const { return reinterpret_cast<Address>(at_); }

private:
  Elf64_Dyn *at_;
  LinkMap map_{};
};

TEST(Trampoline, takes_the_place_of_a_constructor) {
  for (int protection : {PROT_READ | PROT_WRITE, PROT_READ}) {
    Section init({{DT_INIT, {constructor}}, {DT_NULL, {0}}}, protection);
    EXPECT_NE(init[0].d_un.d_ptr, constructor);
    Section array({{DT_INIT_ARRAY, {constructor}},
                   {DT_INIT_ARRAYSZ, {3 * sizeof(void *)}},
                   {DT_NULL, {0}}},
                  protection);
    EXPECT_NE(array[0].d_un.d_ptr, constructor);
    EXPECT_EQ(array[1].d_un.d_val, sizeof(void *));
    // What could not be written to cannot be afterwards either.
    EXPECT_EQ(sys::protection_of(init.address())->writable(),
              (protection & PROT_WRITE) != 0);
    EXPECT_EQ(sys::protection_of(array.address())->writable(),
              (protection & PROT_WRITE) != 0);
  }
}

TEST(Trampoline, leaves_a_library_without_constructors_alone) {
  Section none({{DT_SONAME, {constructor}}, {DT_NULL, {0}}}, PROT_READ);
  EXPECT_EQ(none[0].d_un.d_ptr, constructor);
}

}  // namespace
}  // namespace memseal::loader
