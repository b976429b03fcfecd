// SPDX-License-Identifier: Apache-2.0
// The functions of <cstring> that a compiler may call without being asked to,
// and the few that the core calls. GCC takes for granted that there are four of
// them, memcpy, memmove, memset and memcmp, even where there is no C library.
//
// Everything the freestanding core copies is small; what counts is few
// instructions. Each loop carries an empty asm, lest the compiler recognise it
// as the very function it is in and call that.
#include <cstddef>
#include <cstdint>

namespace {

inline void keep_loop() {
  __asm__ volatile("");
}

}  // namespace

extern "C" {

[[gnu::used]] void *memcpy(void *to, const void *from, std::size_t size) {
#if defined(__x86_64__)
  void *begin = to;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
  return begin;
#else
  auto *out = static_cast<unsigned char *>(to);
  auto *in = static_cast<const unsigned char *>(from);
  for (; size != 0; --size) {
    *out++ = *in++;
    keep_loop();
  }
  return to;
#endif
}

[[gnu::used]] void *memmove(void *to, const void *from, std::size_t size) {
  auto *out = static_cast<unsigned char *>(to);
  auto *in = static_cast<const unsigned char *>(from);
  if (reinterpret_cast<std::uintptr_t>(out) -
          reinterpret_cast<std::uintptr_t>(in) >=
      size)
    return memcpy(to, from, size);
  while (size != 0) {  // `to` begins inside `from`: backwards
    --size;
    out[size] = in[size];
    keep_loop();
  }
  return to;
}

[[gnu::used]] void *memset(void *to, int value, std::size_t size) {
#if defined(__x86_64__)
  void *begin = to;
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
  return begin;
#else
  auto *out = static_cast<unsigned char *>(to);
  for (; size != 0; --size) {
    *out++ = static_cast<unsigned char>(value);
    keep_loop();
  }
  return to;
#endif
}

[[gnu::used]] int memcmp(const void *a, const void *b, std::size_t size) {
  auto *left = static_cast<const unsigned char *>(a);
  auto *right = static_cast<const unsigned char *>(b);
  for (std::size_t i = 0; i < size; ++i) {
    if (left[i] != right[i])
      return left[i] < right[i] ? -1 : 1;
    keep_loop();
  }
  return 0;
}

[[gnu::used]] void *memchr(const void *text, int value, std::size_t size) {
  auto *at = static_cast<const unsigned char *>(text);
  for (; size != 0; --size, ++at) {
    if (*at == static_cast<unsigned char>(value))
      return const_cast<unsigned char *>(at);
    keep_loop();
  }
  return nullptr;
}

[[gnu::used]] std::size_t strlen(const char *text) {
  std::size_t size = 0;
  for (; text[size] != '\0'; ++size)
    keep_loop();
  return size;
}

}  // extern "C"
