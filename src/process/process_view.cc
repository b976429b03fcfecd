// SPDX-License-Identifier: Apache-2.0
#include "process/process_view.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "options/run_options.h"
#include "process/filter_claims.h"
#include "process/keeper_claims.h"
#include "process/loaded_object.h"
#include "process/proc_files.h"
#include "process/process.h"
#include "sys/memory.h"
#include "vm/maps_parser.h"

namespace memseal::process {
namespace {

/// What memory outside loaded objects is.
SegmentKind kind_of(const Mapping &mapping) {
  switch (kind_of_name(mapping.name)) {
    case NameKind::heap:
      return SegmentKind::heap;
    case NameKind::stack:
      return SegmentKind::stack;
    case NameKind::vdso:
      return SegmentKind::vdso;
    case NameKind::vvar:
      return SegmentKind::vvar;
    case NameKind::vsyscall:
      return SegmentKind::kernel;
    default:
      break;
  }
  bool has_file = mapping.inode != 0;
  if (mapping.protection.executable())
    return has_file && !mapping.protection.writable() &&
                   !mapping.name.starts_with("/memfd:")
               ? SegmentKind::text
               : SegmentKind::jit;
  if (mapping.sharing == Sharing::shared && mapping.protection.writable())
    return SegmentKind::shared;
  if (has_file)
    return SegmentKind::file;
  return mapping.protection.none() ? SegmentKind::reserved
                                   : SegmentKind::anonymous;
}

SegmentKind kind_of(elf::PartKind part) {
  switch (part) {
    case elf::PartKind::text:
      return SegmentKind::text;
    case elf::PartKind::rodata:
      return SegmentKind::rodata;
    case elf::PartKind::relro:
      return SegmentKind::relro;
    case elf::PartKind::gap:
      return SegmentKind::gap;
    case elf::PartKind::data:
      return SegmentKind::data;
  }
  return SegmentKind::data;
}

struct SeenMappings {
  std::vector<Mapping> mappings;
  std::vector<bool> marked;  ///< of each, whether it is marked for a keeper
};

/// Takes the mappings one after the other and sorts their pages into objects.
class Sorter {
public:
  Sorter(ProcessView &space, const SeenMappings &seen,
         std::span<const FilterSeal> claims)
      : space_(space),
        mappings_(seen.mappings),
        marked_(seen.marked),
        claims_(claims) {}

  void sort() {
    for (std::size_t i = 0; i < mappings_.size(); ++i) {
      if (!inside_object(mappings_[i]))
        open_object(i);
      is_marked_ = marked_[i];
      place(mappings_[i]);
    }
  }

private:
  bool inside_object(const Mapping &mapping) const {
    return layout_ && layout_->extent().contains(mapping.range);
  }

  void open_object(std::size_t i) {
    const Mapping &mapping = mappings_[i];
    layout_.reset();
    Recognition found;
    if (mapping.inode != 0 && mapping.name.starts_with('/') &&
        mapping.sharing == Sharing::private_copy)
      found = recognise(space_.pid, mappings_.subspan(i), sys::page_size());
    layout_ = found.layout;

    std::string title =
        mapping.name.empty() ? "[anonymous]" : std::string(mapping.name);
    auto &objects = space_.objects;
    if (layout_ || objects.empty() || objects.back().is_elf ||
        objects.back().name != title)
      objects.push_back({.name = std::move(title),
                         .note = std::move(found.note),
                         .is_elf = layout_.has_value(),
                         .segments = {}});
  }

  /// Cuts the mapping where parts of its object meet.
  void place(const Mapping &mapping) {
    if (!layout_) {
      add(mapping, mapping.range, kind_of(mapping));
      return;
    }
    for (const elf::Part &part : layout_->parts()) {
      if (!part.range.overlaps(mapping.range))
        continue;
      SegmentKind kind = kind_of(part.kind);
      // Something else may have been put between the segments.
      if (kind == SegmentKind::gap && !mapping.protection.none())
        kind = kind_of(mapping);
      add(mapping, part.range.intersection(mapping.range), kind);
    }
  }

  /// Cuts once more, where claimed filter seals begin and end.
  void add(const Mapping &mapping, PageRange range, SegmentKind kind) {
    std::vector<Address> cuts{range.begin(), range.end()};
    for (const FilterSeal &claim : claims_) {
      for (Address edge : {claim.range.begin(), claim.range.end()})
        if (range.begin() < edge && edge < range.end())
          cuts.push_back(edge);
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      // Pages in, pages out: the cuts are page boundaries inside a range.
      Segment segment{
          .range = *PageRange::create(cuts[i], cuts[i + 1] - cuts[i], 1),
          .protection = mapping.protection,
          .sharing = mapping.sharing,
          .kind = kind,
          .native = mapping.seal == KernelSeal::present,
          .filter = {},
          .marked = is_marked_,
          .kept = is_marked_ && space_.keeper != 0};
      for (const FilterSeal &claim : claims_) {
        if (!claim.range.contains(segment.range))
          continue;
        segment.filter = segment.filter | claim.types;
        segment.downgradable = segment.downgradable || claim.downgradable;
      }
      space_.objects.back().segments.push_back(segment);
    }
  }

  ProcessView &space_;
  std::span<const Mapping> mappings_;
  const std::vector<bool> &marked_;
  bool is_marked_ = false;  ///< the mapping that is being placed
  std::span<const FilterSeal> claims_;
  std::optional<elf::Layout> layout_;
};

std::optional<LookFailure> refusal(int pid, const char *file, int error) {
  if (error == ENOENT || error == ESRCH)
    return LookFailure{.sentence = fmt::format("there is no process {}", pid),
                       .vanished = true};
  const char *hint = "";
  if (error == EACCES || error == EPERM)
    hint = geteuid() == 0 ? " (it is protected from root, too)"
                          : " (it is another user's or protected: ask root)";
  return LookFailure{.sentence =
                         fmt::format("/proc/{}/{} cannot be read: {}{}", pid,
                                     file, std::strerror(error), hint)};
}

SeenMappings parse(std::string_view smaps) {
  SeenMappings seen;
  MapsParser parser(smaps, sys::page_size());
  for (;;) {
    auto mapping = parser.next();
    if (mapping && !*mapping)
      return seen;
    // A line that makes no sense is one the process cannot have made up: the
    // kernel writes them. It is left out rather than guessed at.
    if (!mapping)
      continue;
    seen.mappings.push_back(**mapping);
    seen.marked.push_back(has_keeper_mark(parser.fields()));
  }
}

/// Only memory that sealing is for need make us look for a keeper: programs
/// give such advice about data of their own, too.
bool may_be_kept(const SeenMappings &seen) {
  for (std::size_t i = 0; i < seen.mappings.size(); ++i) {
    if (seen.marked[i] && !seen.mappings[i].protection.writable())
      return true;
  }
  return false;
}

/// The wishes among its options that make a seal smaller.
std::string left_out_by(std::string_view environment) {
  const std::string key = std::string(options_variable) + "=";
  for (std::size_t at = 0; at < environment.size();) {
    std::size_t end = std::min(environment.find('\0', at), environment.size());
    std::string_view entry = environment.substr(at, end - at);
    at = end + 1;
    if (!entry.starts_with(key))
      continue;
    auto options = parse_run_options(entry.substr(key.size()));
    if (!options)
      return {};
    RunOptions smaller;
    smaller.segments = options->segments;
    smaller.types = options->types;
    smaller.only = options->only;
    smaller.except = options->except;
    std::string text(entry.size(), '\0');
    return std::string(format_run_options(smaller, text).value_or(""));
  }
  return {};
}

}  // namespace

std::optional<LookFailure> look_at(int pid, ProcessView &space) {
  space = {.pid = pid,
           .name = {},
           .executable = {},
           .register_doubt = {},
           .keeper_doubt = {},
           .left_out = {},
           .objects = {}};
  std::uint64_t started = start_time(pid);
  auto process = Process::look(pid);
  if (!process)
    return refusal(pid, "status", process.error().to_errno());
  auto smaps = read_process_file(pid, "smaps");
  if (!smaps)
    return refusal(pid, "smaps", smaps.error().to_errno());
  SeenMappings seen = parse(*smaps);

  space.name = process->name;
  space.executable = process->program;
  space.left_out = left_out_by(text_of(pid, "environ"));
  space.seccomp_mode = process->seccomp_mode;
  space.seccomp_filters = process->seccomp_filters;
  FilterClaims claims =
      read_filter_claims(pid, seen.mappings, space.seccomp_mode);
  space.has_register = claims.found;
  space.register_doubt = std::move(claims.doubt);
  if (may_be_kept(seen)) {
    KeeperClaim claim = find_keeper(pid, space.seccomp_mode);
    space.keeper = claim.keeper;
    space.keeper_doubt = std::move(claim.doubt);
  }
  Sorter(space, seen, claims.seals).sort();

  // The file is not a snapshot: did it tell of one process, to the end?
  if (start_time(pid) != started || started == 0)
    return LookFailure{
        .sentence = fmt::format("process {} ended while it was looked at", pid),
        .vanished = true};
  if (seen.mappings.empty())
    return LookFailure{
        .sentence = fmt::format(
            "process {} has no memory: it has ended and waits for its "
            "parent, or is a thread of the kernel",
            pid),
        .no_memory = true};
  return std::nullopt;
}

Totals ProcessView::totals() const {
  Totals totals;
  auto count = [](Share &share, const Segment &segment) {
    share.bytes += segment.range.size();
    share.sealed += segment.sealed() ? segment.range.size() : 0;
    share.claimed += segment.claimed() ? segment.range.size() : 0;
  };
  for (const Object &object : objects) {
    for (const Segment &segment : object.segments) {
      if (is_sealable(segment.kind))
        count(totals.sealable, segment);
      switch (segment.kind) {
        case SegmentKind::text:
        case SegmentKind::vdso:
          count(totals.executable, segment);
          break;
        case SegmentKind::rodata:
        case SegmentKind::vvar:
          count(totals.read_only, segment);
          break;
        case SegmentKind::relro:
          count(totals.relro, segment);
          break;
        case SegmentKind::gap:
          count(totals.gaps, segment);
          break;
        case SegmentKind::jit:
          count(totals.jit, segment);
          break;
        case SegmentKind::kernel:
          break;
        default:
          count(totals.other, segment);
      }
    }
  }
  return totals;
}

}  // namespace memseal::process
