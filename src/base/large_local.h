// SPDX-License-Identifier: Apache-2.0
// The storage of large buffers.
//
// Background. A program may call dlopen on a thread with the smallest stack
// there is, 16 KiB. glibc's loader uses three quarters of it; the rest is for
// the loader module, which the loader calls. A buffer for a file of /proc has
// no room there.
//
// Idea. The freestanding core is never in two threads at once: the module runs
// under the loader's lock, the launcher has one thread. So there such a buffer
// is static. Everywhere else several threads may be in the same function, and
// it is automatic. The freestanding core is compiled with
// -Werror=frame-larger-than=, so that no other large frame comes in.
#pragma once

/// Before a local variable without initializer, in a function that does not
/// call itself while it needs the buffer.
#ifdef MEMSEAL_FREESTANDING
#define MEMSEAL_LARGE_LOCAL static
#else
#define MEMSEAL_LARGE_LOCAL
#endif

/// Before a member of a class of which there is one object at a time.
#ifdef MEMSEAL_FREESTANDING
#define MEMSEAL_LARGE_MEMBER static inline
#else
#define MEMSEAL_LARGE_MEMBER
#endif
