// SPDX-License-Identifier: Apache-2.0
#include "differential/agreement.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace memseal::differential {
namespace {

using model::AddressSpace;
using model::Outcome;

AddressSpace::Placement placement_of(const Step &s, Address at) {
  using How = AddressSpace::Placement::How;
  return {{s.protection},
          has_file(s) ? static_cast<model::Backing>(s.backing)
                      : model::Backing::anonymous,
          has_file(s) ? file_page_of(at) : 0,
          s.kind == Kind::map ? How::replace : How::no_replace,
          is_droppable(s)};
}

/// Shared with the children.
struct Report {
  Tally tally;
  char difference[4096];
};
Report &report() {
  static auto *shared = static_cast<Report *>(
      mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE,
           MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  return *shared;
}

void count(int error) {
  Tally &tally = report().tally;
  ++tally.calls;
  ++(error == 0       ? tally.succeeded
     : error == EPERM ? tally.denied
                      : tally.otherwise_refused);
}

/// The step as the model does it.
Outcome do_in_model(AddressSpace &space, const Step &s, const Call &call) {
  const auto &a = call.arguments;
  switch (s.kind) {
    case Kind::map:
    case Kind::map_gently:
      return space.map(a[0], a[1], placement_of(s, a[0]));
    case Kind::unmap:
      return space.unmap(a[0], a[1]);
    case Kind::protect:
    case Kind::pkey_protect:
      return space.protect(a[0], a[1], {s.protection});
    case Kind::advise:
      return space.advise(a[0], a[1], static_cast<int>(a[2]));
    case Kind::remap:
    case Kind::remap_to:
      return space.remap(a[0], a[1], a[2], static_cast<unsigned>(a[3]), a[4]);
    case Kind::remap_file:
      return space.remap_file(a[0], a[1], a[3]);
    case Kind::write:
    case Kind::seal:
      break;
  }
  return {};
}

class Run {
public:
  Run(const Program &program, Enforcer &enforcer)
      : program_(program),
        enforcer_(enforcer),
        arena_(places[program.place].base),
        space_(page, enforcer.flavour()) {}

  std::string first_difference() {
    prepare();
    if (std::string difference = compare_memory(); !difference.empty())
      return "before the first step: " + difference;
    for (std::size_t i = 0; i < program_.steps.size(); ++i) {
      std::string difference = do_step(program_.steps[i]);
      if (difference.empty())
        difference = compare_memory();
      if (!difference.empty()) {
        std::ostringstream out;
        out << "step " << i << ", " << program_.steps[i] << ": " << difference;
        return out.str();
      }
    }
    return {};
  }

private:
  void prepare() {
    space_.set_huge_sizes(enforcer_.huge_sizes());
    space_.set_huge_files(enforcer_.huge_files());
    space_.set_content_lasts(enforcer_.content_lasts());
    for (Address at : enforcer_.sealed_elsewhere())
      space_.hold_elsewhere(at);
    for (int i = 0; i < arena_pages; ++i)
      space_.set_file(file_page_of(arena_.at(i)), file_word(i));
    // Two pages of each kind, the second read-only; a hole at page 2.
    for (std::int8_t i = 0; i < arena_pages; ++i)
      if (i != 2)
        do_both({.kind = Kind::map,
                 .at = i,
                 .length = {1, 0},
                 .protection = 3,
                 .backing = static_cast<std::uint8_t>(i == 5 || i == 6   ? 1
                                                      : i == 7 || i == 8 ? 2
                                                                         : 0)});
    for (std::int8_t i = 0; i < arena_pages; ++i)
      write(arena_.at(i));
    for (std::int8_t i : std::initializer_list<std::int8_t>{4, 6, 8})
      do_both(
          {.kind = Kind::protect, .at = i, .length = {1, 0}, .protection = 1});
  }

  void do_both(const Step &step) {
    Call call = *arena_.call_of(step);
    arena_.make(call);
    do_in_model(space_, step, call);
  }

  void write(Address at) {
    ++token_;
    if (space_.write(at, token_))
      arena_.write(at, token_);
  }

  std::string do_step(const Step &s) {
    if (s.kind == Kind::write) {
      write(arena_.at(s.at));
      return {};
    }
    if (s.kind == Kind::seal)
      return do_seal(s);
    Call call = *arena_.call_of(s);
    Outcome expected = do_in_model(space_, s, call);
    if (expected.certainty == Outcome::Certainty::unspecified)
      return {};
    long got = enforcer_.call(arena_, call);
    int error = got < 0 && got >= -4095 ? static_cast<int>(-got) : 0;
    count(error);
    if (!expected.accepts(error))
      return differ(expected.error, error);
    if (error == 0 && static_cast<std::uint64_t>(got) != expected.value)
      return "another address was returned";
    return {};
  }

  std::string do_seal(const Step &s) {
    Address at = arena_.at(s.at) + (s.unaligned ? 1 : 0);
    std::uint32_t flags = s.downgradable ? 1 : 0;
    int expected = space_.seal(at, s.length.bytes(), s.types, flags).error;
    int got = enforcer_.seal(at, s.length.bytes(), s.types, flags, expected);
    ++(got == 0 ? report().tally.seals : report().tally.seals_refused);
    return got == expected ? "" : differ(expected, got);
  }

  static std::string differ(int expected, int got) {
    return std::string("the model says ") +
           (expected == 0 ? "success" : strerrorname_np(expected)) +
           ", the machine " + (got == 0 ? "success" : strerrorname_np(got));
  }

  std::string compare_memory() {
    auto seen = arena_.look();
    const auto &pages = space_.pages();
    for (const auto &[at, real] : seen) {
      auto found = pages.find(at);
      if (found == pages.end())
        return different("mapped", at, seen);
      const model::Page &mine = found->second;
      if (mine.protection != real.protection)
        return different("protection", at, seen);
      if ((mine.backing == model::Backing::shared) !=
              (real.sharing == Sharing::shared) ||
          (mine.backing != model::Backing::anonymous) != real.has_file)
        return different("backing", at, seen);
      if (auto word = space_.read(at); word && arena_.peek(at) != word) {
        std::ostringstream what;
        what << "first word (model " << *word << ", machine "
             << arena_.peek(at).value_or(~0ul) << ")";
        return different(what.str(), at, seen);
      }
    }
    for (const auto &[at, mine] : pages)
      if (!seen.contains(at))
        return different("mapped in the model only", at, seen);
    return {};
  }

  std::string different(const std::string &field, Address at,
                        const std::map<Address, SeenPage> &seen) const {
    std::ostringstream out;
    out << "page " << index(at) << " differs: " << field << "\n    model  ";
    for (const auto &[a, p] : space_.pages())
      out << " " << index(a) << ":" << p.protection.bits
          << "apS"[static_cast<int>(p.backing)];
    out << "\n    machine";
    for (const auto &[a, p] : seen)
      out << " " << index(a) << ":" << p.protection.bits
          << (p.sharing == Sharing::shared ? 'S'
              : p.has_file                 ? 'p'
                                           : 'a');
    return out.str();
  }

  long index(Address at) const {
    return (static_cast<long>(at) - static_cast<long>(arena_.at(0))) /
           static_cast<long>(page);
  }

  const Program &program_;
  Enforcer &enforcer_;
  KernelArena arena_;
  AddressSpace space_;
  std::uint64_t token_ = 0x5ea1'0000;
};

}  // namespace

const Tally &tally() {
  return report().tally;
}

std::string first_difference(
    const Program &program,
    const std::function<std::unique_ptr<Enforcer>()> &enforcer) {
  char *text = report().difference;
  text[0] = 0;
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    auto by = enforcer();
    std::string difference = Run(program, *by).first_difference();
    strncpy(text, difference.c_str(), sizeof(Report::difference) - 1);
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child)
    std::abort();
  if (WIFSIGNALED(status))
    return "the child was killed by signal " + std::to_string(WTERMSIG(status));
  return text;
}

}  // namespace memseal::differential
