// SPDX-License-Identifier: Apache-2.0
#include "probe/verdict.h"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>

#include <cerrno>

namespace memseal::probe {
namespace {

/// The copy lived, and the call was allowed.
Trial judge_success(const Observation &seen, const std::string &change) {
  if (!change.empty())
    return {.verdict = Verdict::open, .detail = change};
  bool worked = seen.effect == Effect::implied;
  return {.verdict = worked ? Verdict::open : Verdict::without_effect,
          .detail = "succeeds"};
}

}  // namespace

const char *name(Verdict verdict) {
  switch (verdict) {
    case Verdict::held:
      return "held";
    case Verdict::open:
      return "open";
    case Verdict::without_effect:
      return "no effect";
    case Verdict::not_applicable:
      return "not applicable";
    case Verdict::unknown:
      return "unknown";
  }
  return "unknown";
}

std::string errno_name(int error) {
  const char *name = strerrorname_np(error);
  return name != nullptr ? name : fmt::format("errno {}", error);
}

Trial judge(const Observation &seen, const std::function<long()> &control) {
  Trial trial;
  if (!seen.outcome.lived()) {
    // A filter kills by SIGSYS. Any other death, by the kernel's want of
    // memory, says nothing of the seal.
    trial = {.verdict = seen.outcome.died_of == SIGSYS ? Verdict::held
                                                       : Verdict::unknown,
             .detail = fmt::format("killed by SIG{}",
                                   sigabbrev_np(seen.outcome.died_of))};
    trial.promised = seen.promised;
    return trial;
  }
  std::string change = seen.mapping_changed ? "mapping changed"
                       : seen.bytes_changed ? "bytes changed"
                                            : "";
  int error = static_cast<int>(-seen.outcome.answer);
  if (seen.outcome.answer >= 0) {
    trial = judge_success(seen, change);
  } else if (!change.empty()) {
    trial = {.verdict = Verdict::open,
             .detail = errno_name(error) + ", but " + change};
  } else if (error != EPERM) {
    trial = {.verdict = Verdict::not_applicable, .detail = errno_name(error)};
  } else if (control() == -EPERM) {
    // A base filter refuses some attacks wherever they point; without one it is
    // not our doing.
    trial = {.verdict = seen.promised ? Verdict::held : Verdict::not_applicable,
             .detail = errno_name(error) + ", on any memory"};
  } else {
    trial = {.verdict = Verdict::held, .detail = errno_name(error)};
  }
  if (seen.outcome.trapped_by != 0)
    trial.detail = "SIGSYS";
  trial.promised = seen.promised;
  return trial;
}

}  // namespace memseal::probe
