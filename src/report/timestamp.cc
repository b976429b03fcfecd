// SPDX-License-Identifier: Apache-2.0
#include "report/timestamp.h"

#include <sys/syscall.h>
#include <time.h>

#include "sys/syscall.h"

namespace memseal::report {
namespace {

struct Date {
  unsigned year, month, day;
};

/// Counts years from March on, so that a leap day is the last of its year.
/// Source: Howard Hinnant, chrono-compatible low-level date algorithms,
/// civil_from_days.
Date date_of(std::uint64_t days_since_1970) {
  constexpr std::uint64_t days_of_era = 146'097, days_before_1970 = 719'468;
  const std::uint64_t days = days_since_1970 + days_before_1970;
  const std::uint64_t day_of_era = days % days_of_era;
  const std::uint64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 -
       day_of_era / 146'096) /
      365;
  const std::uint64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::uint64_t month_from_march = (5 * day_of_year + 2) / 153;
  const std::uint64_t month =
      month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const std::uint64_t year =
      year_of_era + days / days_of_era * 400 + (month <= 2 ? 1 : 0);
  return {.year = static_cast<unsigned>(year),
          .month = static_cast<unsigned>(month),
          .day = static_cast<unsigned>(day_of_year -
                                       (153 * month_from_march + 2) / 5 + 1)};
}

}  // namespace

Timestamp Timestamp::now() {
  timespec now{};
  sys::call(SYS_clock_gettime, CLOCK_REALTIME, &now);
  return {.seconds = now.tv_sec,
          .nanoseconds = static_cast<std::uint32_t>(now.tv_nsec)};
}

TextWriter &write(TextWriter &out, Timestamp time) {
  const auto seconds =
      static_cast<std::uint64_t>(time.seconds < 0 ? 0 : time.seconds);
  const Date date = date_of(seconds / 86'400);
  const std::uint64_t second_of_day = seconds % 86'400;
  out.padded(date.year, 4).text("-").padded(date.month, 2);
  out.text("-").padded(date.day, 2).text("T");
  out.padded(second_of_day / 3'600, 2).text(":");
  out.padded(second_of_day / 60 % 60, 2).text(":");
  out.padded(second_of_day % 60, 2).text(".");
  return out.padded(time.nanoseconds / 1'000, 6).text("Z");
}

}  // namespace memseal::report
