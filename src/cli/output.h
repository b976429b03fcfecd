// SPDX-License-Identifier: Apache-2.0
// The only way out for what the tool says. It never throws, raises no SIGPIPE
// on standard error, keeps nothing back for a fork to say twice, and remembers
// an answer that was lost.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace memseal::cli {

/// To standard output: what was asked for. If it is closed, nobody wants it;
/// any other failure is for `answer_is_lost` to tell.
void print(std::string_view text);

template <class First, class... Rest>
void print(fmt::format_string<First, Rest...> format, First &&first,
           Rest &&...rest) {
  print(fmt::vformat(format, fmt::make_format_args(first, rest...)));
}

/// To standard error, as it is, however long its reader takes. If it cannot be
/// written nobody can be told.
void print_error(std::string_view text);

/// To standard error: one sentence, without "memseal: " and the full stop.
/// Names in it may hold anything: it is escaped. A program may be waiting for
/// us, so a pipe that is full is waited for a moment only.
void complain(std::string_view sentence);

template <class First, class... Rest>
void complain(fmt::format_string<First, Rest...> format, First &&first,
              Rest &&...rest) {
  complain(fmt::vformat(format, fmt::make_format_args(first, rest...)));
}

/// The same, for a verb that ends with this exit code.
int refuse(int code, std::string_view sentence);

/// Whether something of the answer could not be written, which is told once.
bool answer_is_lost();

}  // namespace memseal::cli
