// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "memseal/engine.h"
#include "sys/memory.h"

namespace memseal::tracer {

/// What of the engines asked for is here: mseal(2) is done without where a
/// second engine was asked for with it. Alone it stays, and fails when used.
///
/// Needs:   a filter that kills for mseal(2) is not above us, unless it was
///          asked for.
inline Engine available(Engine wanted) {
  bool drops_native = wanted.has(Engine::native) && wanted != Engine::native &&
                      !sys::has_mseal();
  return drops_native ? wanted.without(Engine::native) : wanted;
}

}  // namespace memseal::tracer
