// SPDX-License-Identifier: Apache-2.0
// The report: one line for each part of each object.
//
// Text, when the file's name does not end in ".json":
//   PID NAME BEGIN-END KIND sealed ENGINE
//   PID NAME BEGIN-END KIND not sealed: SENTENCE
//   PID NAME not sealed: SENTENCE               (its parts are not known)
// JSON: one object a line, with the keys pid, object, begin, end, kind, sealed,
// engine or reason and sentence. Lines are appended in one write(2) for each
// object, since children write to the same file.
#pragma once

#include <string_view>

#include "loader/enforcer.h"
#include "loader/image.h"
#include "loader/object_seal.h"

namespace memseal::loader {

/// Appends an object's lines to `file`, "-" for standard error. A report that
/// cannot be written is dropped: the program does not suffer for it.
void report(std::string_view file, std::string_view object,
            const ObjectOutcome &outcome, Enforcer enforcer);

}  // namespace memseal::loader
