// SPDX-License-Identifier: Apache-2.0
#include "process/refusal.h"

namespace memseal::process {

const char *name(Cause cause) {
  switch (cause) {
    case Cause::vanished:
      return "vanished";
    case Cause::no_memory:
      return "no_memory";
    case Cause::forbidden:
      return "forbidden";
    case Cause::traced:
      return "traced";
    case Cause::unsuitable:
      return "unsuitable";
    case Cause::unsupported:
      return "unsupported";
    case Cause::failed:
      return "failed";
    case Cause::too_much:
      return "too_much";
  }
  return "failed";
}

}  // namespace memseal::process
