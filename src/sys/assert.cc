// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"

#include <sys/syscall.h>

#include "sys/syscall.h"

namespace memseal {
namespace {

std::size_t length(const char *text) {
  std::size_t n = 0;
  while (text[n] != '\0')
    ++n;
  return n;
}

void say(const char *text) {
  sys::call(SYS_write, 2, text, length(text));
}

}  // namespace

void assertion_failed(const char *condition, const char *file, int line) {
  char digits[16];
  char *at = digits + sizeof digits;
  *--at = '\0';
  do
    *--at = static_cast<char>('0' + line % 10);
  while ((line /= 10) != 0 && at != digits);

  say("memseal: broken invariant: ");
  say(condition);
  say(" (");
  say(file);
  say(":");
  say(at);
  say(")\n");
  __builtin_trap();
}

}  // namespace memseal
