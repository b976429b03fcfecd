// SPDX-License-Identifier: Apache-2.0
// Attacks by io_uring: the kernel acts, and no system call is made for it.
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

#include "probe/attack_vectors.h"

namespace memseal::probe {
namespace {

// struct io_uring_params with the addresses of Linux 6.5, whatever the headers.
// Source: Linux 6.18, include/uapi/linux/io_uring.h.
struct RingParameters {
  std::uint32_t entries[2], flags, unused[7];
  struct Offsets {
    std::uint32_t head, tail, mask, entries, a, b, c, unused;
    std::uint64_t address;
  } submission, completion;
};
static_assert(sizeof(RingParameters) == 120);
/// struct io_uring_cqe.
struct RingCompletion {
  std::uint64_t user_data;
  std::int32_t answer;
  std::uint32_t flags;
};
constexpr std::uint32_t ring_in_our_memory = 1u << 14;  // SETUP_NO_MMAP

template <typename T>
Result<void> write(ForkedCopy &copy, Address to, const T &value) {
  return copy.memory().write({to}, std::as_bytes(std::span(&value, 1)));
}

/// A ring in the copy's own pages, which needs no mapping.
struct Ring {
  CallOutcome made;  ///< its descriptor, or why there is none
  Address pages = 0, entry = 0;
  RingParameters parameters{};

  bool usable() const { return made.lived() && made.answer >= 0; }
  std::uint64_t descriptor() const {
    return static_cast<std::uint64_t>(made.answer);
  }
};

Result<Ring> make_ring(ForkedCopy &copy, const Aim &aim) {
  Ring ring;
  ring.pages = aim.scratch;
  ring.entry = aim.scratch + aim.page;
  const process::RemoteAddress at{ring.entry + 1024};
  MEMSEAL_TRY_VOID(write(copy, ring.pages, std::array<std::byte, 1024>{}));
  ring.parameters.flags = ring_in_our_memory;
  ring.parameters.completion.address = ring.pages;
  ring.parameters.submission.address = ring.entry;
  MEMSEAL_TRY_VOID(write(copy, at.value, ring.parameters));
  ring.made = MEMSEAL_TRY(copy.call(SYS_io_uring_setup, {1, at.value}));
  if (ring.usable())
    ring.parameters = MEMSEAL_TRY(copy.memory().read_value<RingParameters>(at));
  return ring;
}

/// The answer of the `count`-th entry of a ring that has one place.
Result<CallOutcome> submit(ForkedCopy &copy, const Ring &ring,
                           const io_uring_sqe &wish, std::uint32_t count) {
  MEMSEAL_TRY_VOID(write(copy, ring.entry, wish));
  const auto &submission = ring.parameters.submission;
  const auto &completion = ring.parameters.completion;
  MEMSEAL_TRY_VOID(write(copy, ring.pages + submission.c, std::uint32_t{0}));
  MEMSEAL_TRY_VOID(write(copy, ring.pages + submission.tail, count));
  auto entered = MEMSEAL_TRY(
      copy.call(SYS_io_uring_enter,
                {ring.descriptor(), 1, 1, IORING_ENTER_GETEVENTS, 0, 0}));
  if (!entered.lived() || entered.answer < 0)
    return entered;
  // The kernel gives two places for completions where one was asked for.
  const std::uint64_t place =
      (count - 1) % ring.parameters.entries[1] * sizeof(RingCompletion);
  auto done = MEMSEAL_TRY(copy.memory().read_value<RingCompletion>(
      {ring.pages + completion.b + place}));
  MEMSEAL_TRY_VOID(write(copy, ring.pages + completion.head, count));
  entered.answer = done.answer;
  return entered;
}

io_uring_sqe advise(const Aim &aim, const Advice &advice) {
  io_uring_sqe wish{};
  wish.opcode = IORING_OP_MADVISE;
  wish.addr = aim.begin;
  wish.len = static_cast<std::uint32_t>(aim.size);
  wish.fadvise_advice = advice.number;
  return wish;
}

}  // namespace

Result<CallOutcome> advise_by_ring(ForkedCopy &copy, const Aim &aim,
                                   const Advice &advice) {
  Ring ring = MEMSEAL_TRY(make_ring(copy, aim));
  if (!ring.usable())
    return ring.made;
  return submit(copy, ring, advise(aim, advice), 1);
}

Result<CallOutcome> unmark_by_ring(ForkedCopy &copy, const Aim &aim) {
  Ring ring = MEMSEAL_TRY(make_ring(copy, aim));
  if (!ring.usable())
    return ring.made;
  std::uint32_t count = 0;
  for (const Advice &one : {advice::dodump, advice::normal})
    MEMSEAL_TRY(submit(copy, ring, advise(aim, one), ++count));
  return copy.call(SYS_mprotect, {aim.begin, aim.size, PROT_READ | PROT_WRITE});
}

Result<CallOutcome> pin_by_ring(ForkedCopy &copy, const Aim &aim) {
  Ring ring = MEMSEAL_TRY(make_ring(copy, aim));
  if (!ring.usable())
    return ring.made;
  const Address at = ring.entry + 1024;
  MEMSEAL_TRY_VOID(
      write(copy, at, iovec{reinterpret_cast<void *>(aim.begin), aim.page}));
  return copy.call(SYS_io_uring_register,
                   {ring.descriptor(), IORING_REGISTER_BUFFERS, at, 1});
}

}  // namespace memseal::probe
