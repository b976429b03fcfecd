// SPDX-License-Identifier: Apache-2.0
#include "differential/generator.h"

#include <rapidcheck.h>

namespace memseal::differential {
namespace {

using rc::gen::element;
using rc::gen::just;
using rc::gen::map;
using rc::gen::weightedElement;

/// A number from the whole range: RapidCheck would stay near `from` in small
/// programs, and the programs here are always small.
rc::Gen<int> inRange(int from, int to) {
  return rc::gen::resize(rc::kNominalSize, rc::gen::inRange(from, to));
}

template <typename T>
rc::Gen<T> small(int from, int to) {
  return map(inRange(from, to), [](int n) { return static_cast<T>(n); });
}

rc::Gen<Length> lengths() {
  return rc::gen::weightedOneOf<Length>({
      {20, map(inRange(1, 5),
               [](int n) {
                 return Length{static_cast<std::int8_t>(n), 0};
               })},
      {4, map(inRange(0, 4),
              [](int n) {
                return Length{static_cast<std::int8_t>(n), 1};
              })},
      {3, map(inRange(1, 5),
              [](int n) {
                return Length{static_cast<std::int8_t>(n), -1};
              })},
      {2, just(Length{0, 0})},
      {1, just(Length{0, -1})},
      {1, just(Length{-1, 0})},
      {1, just(Length{-1, 1})},
  });
}

rc::Gen<std::uint8_t> types(Flavour flavour) {
  if (flavour == Flavour::native)
    return weightedElement<std::uint8_t>({{12, 0x3f}, {1, 0x3e}, {1, 0}});
  return weightedElement<std::uint8_t>({{6, 0x3f},
                                        {4, 0x02},
                                        {2, 0x04},
                                        {2, 0x08},
                                        {2, 0x10},
                                        {2, 0x20},
                                        {2, 0x1c},
                                        {2, 0x22},
                                        {1, 0x01},
                                        {1, 0x03},
                                        {1, 0x2a},
                                        {1, 0x00},
                                        {1, 0x40}});
}

rc::Gen<Kind> kinds() {
  return weightedElement<Kind>({{4, Kind::map},
                                {1, Kind::map_gently},
                                {3, Kind::unmap},
                                {5, Kind::protect},
                                {1, Kind::pkey_protect},
                                {4, Kind::advise},
                                {2, Kind::remap},
                                {3, Kind::remap_to},
                                {1, Kind::remap_file},
                                {3, Kind::write},
                                {4, Kind::seal}});
}

rc::Gen<Step> steps(Flavour flavour) {
  return rc::gen::build<Step>(
      rc::gen::set(&Step::kind, kinds()),
      rc::gen::set(&Step::at, small<std::int8_t>(-1, arena_pages + 1)),
      rc::gen::set(&Step::unaligned,
                   weightedElement<bool>({{24, false}, {1, true}})),
      rc::gen::set(&Step::length, lengths()),
      rc::gen::set(&Step::new_length, lengths()),
      rc::gen::set(&Step::target, small<std::int8_t>(-1, arena_pages + 1)),
      rc::gen::set(&Step::afar, weightedElement<std::uint8_t>(
                                    {{8, 0}, {1, 1}, {2, 2}, {1, 3}, {1, 4}})),
      rc::gen::set(&Step::protection,
                   weightedElement<std::uint8_t>(
                       {{4, 1}, {4, 3}, {2, 5}, {1, 0}, {1, 7}, {1, 2}})),
      rc::gen::set(&Step::backing, weightedElement<std::uint8_t>(
                                       {{5, 0}, {5, 1}, {5, 2}, {1, 3}})),
      rc::gen::set(&Step::advice, small<std::uint8_t>(0, std::size(advices))),
      // MAYMOVE, FIXED and DONTUNMAP, mostly in sensible company.
      rc::gen::set(&Step::flags, weightedElement<std::uint8_t>(
                                     {{6, 3}, {4, 0}, {2, 7}, {1, 2}, {1, 8}})),
      rc::gen::set(&Step::types, types(flavour)),
      rc::gen::set(&Step::downgradable,
                   weightedElement<bool>({{5, false}, {1, true}})));
}

/// A seal that will mostly be granted, to begin with.
rc::Gen<Step> opening_seals(Flavour flavour) {
  return map(steps(flavour), [](Step s) {
    s.kind = Kind::seal;
    s.unaligned = false;
    s.at = static_cast<std::int8_t>(s.at < 0 ? 0 : s.at % arena_pages);
    if (s.length.pages < 1 || s.at + s.length.pages > arena_pages)
      s.length = {1, 0};
    if (s.types == 0 || s.types == 0x40)
      s.types = 0x3f;
    return s;
  });
}

}  // namespace

rc::Gen<Program> programs(Flavour flavour) {
  // At most sixteen calls: what needs more than that is found by shrinking to
  // fewer anyway, and short programs are many programs.
  return map(
      rc::gen::tuple(small<std::uint8_t>(0, std::size(places)),
                     rc::gen::resize(4, rc::gen::container<std::vector<Step>>(
                                            opening_seals(flavour))),
                     rc::gen::resize(16, rc::gen::container<std::vector<Step>>(
                                             steps(flavour)))),
      [](std::tuple<std::uint8_t, std::vector<Step>, std::vector<Step>> parts) {
        auto &[place, seals, rest] = parts;
        Program program{place, std::move(seals)};
        program.steps.insert(program.steps.end(), rest.begin(), rest.end());
        return program;
      });
}

}  // namespace memseal::differential
