// SPDX-License-Identifier: Apache-2.0
// A just-in-time compiler whose code region cannot be taken away.
//
//   tiny_jit 'x*x+3*x+1' 5        compiles the formula and applies it: 41
//
// A JIT needs mprotect on its region for ever, so it cannot use a seal that
// forbids everything. It seals the *place* instead (docs/jit.md): munmap,
// MAP_FIXED and mremap on the region are refused, mprotect works. --attack
// tries them after compiling and puts other code in the place of the compiled
// one;
// --unsealed shows what becomes of that without a seal.
#include <sys/mman.h>

#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "memseal/memseal.h"

namespace {

constexpr std::size_t region_size = 16 * 4096;

// The region is writable or executable, never both.
class CodeRegion {
public:
  bool create(bool sealed) {
    void *memory = mmap(nullptr, region_size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      return false;
    begin_ = static_cast<unsigned char *>(memory);
    return !sealed || memseal::memseal(begin_, region_size,
                                       MEMSEAL_MAPPING | MEMSEAL_SEAL, 0) == 0;
  }
  void emit(std::initializer_list<unsigned char> bytes) {
    for (unsigned char byte : bytes)
      if (used_ < region_size)
        begin_[used_++] = byte;
  }
  template <typename T>
  void emit_value(T value) {
    for (std::size_t i = 0; i < sizeof value; ++i)
      emit({static_cast<unsigned char>(value >> (8 * i))});
  }
  bool make_executable() {
    return mprotect(begin_, region_size, PROT_READ | PROT_EXEC) == 0;
  }
  unsigned char *begin() const { return begin_; }

private:
  unsigned char *begin_ = nullptr;
  std::size_t used_ = 0;
};

// expression = term {('+' | '-') term}; term = factor {'*' factor};
// factor = number | 'x' | '(' expression ')'. Values live on the stack.
class Compiler {
public:
  Compiler(CodeRegion &code, const char *text) : code_(code), at_(text) {}

  bool compile() {
#if defined(__x86_64__)
    expression();
    code_.emit({0x58, 0xc3});  // pop rax; ret
    return ok_ && *at_ == '\0';
#else
    return false;
#endif
  }

private:
  void expression() {
    term();
    while (ok_ && (*at_ == '+' || *at_ == '-')) {
      bool adds = *at_++ == '+';
      term();
      code_.emit({0x59, 0x58});  // pop rcx; pop rax
      if (adds)
        code_.emit({0x48, 0x01, 0xc8});  // add rax, rcx
      else
        code_.emit({0x48, 0x29, 0xc8});  // sub rax, rcx
      code_.emit({0x50});                // push rax
    }
  }
  void term() {
    factor();
    while (ok_ && *at_ == '*') {
      ++at_;
      factor();
      // pop rcx; pop rax; imul rax, rcx; push rax
      code_.emit({0x59, 0x58, 0x48, 0x0f, 0xaf, 0xc1, 0x50});
    }
  }
  void factor() {
    if (*at_ == 'x') {
      ++at_;
      code_.emit({0x57});  // push rdi
    } else if (*at_ == '(') {
      ++at_;
      expression();
      ok_ = ok_ && *at_ == ')';
      at_ += ok_ ? 1 : 0;
    } else if (std::isdigit(static_cast<unsigned char>(*at_)) != 0) {
      char *end = nullptr;
      std::int64_t value = std::strtol(at_, &end, 10);
      at_ = end;
      code_.emit({0x48, 0xb8});  // mov rax, imm64
      code_.emit_value(value);
      code_.emit({0x50});  // push rax
    } else {
      ok_ = false;
    }
  }

  CodeRegion &code_;
  const char *at_;
  bool ok_ = true;
};

void report(const char *act, bool refused) {
  std::printf("attack: %s: %s\n", act,
              refused ? std::strerror(errno) : "SUCCEEDED");
}

void attack(unsigned char *code) {
  unsigned char *last = code + region_size - 4096;
  report("mremap", mremap(last - 4096, 8192, 4096, 0) == MAP_FAILED);
  report("munmap", munmap(code, 4096) != 0);
  void *mine = mmap(code, region_size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  report("MAP_FIXED", mine == MAP_FAILED);
  if (mine != MAP_FAILED)
    std::memcpy(mine, "\xb8\x42\x00\x00\x00\xc3", 6);  // mov eax, 66; ret
}

}  // namespace

int main(int argc, char **argv) {
  bool attacked = false, sealed = true;
  int at = 1;
  for (; at < argc && std::strncmp(argv[at], "--", 2) == 0; ++at) {
    attacked = attacked || std::strcmp(argv[at], "--attack") == 0;
    sealed = sealed && std::strcmp(argv[at], "--unsealed") != 0;
  }
  if (argc - at != 2) {
    std::fputs("usage: tiny_jit [--attack] [--unsealed] FORMULA X\n", stderr);
    return 2;
  }
  const char *formula = argv[argc - 2];
  CodeRegion code;
  if (!code.create(sealed)) {
    std::fprintf(stderr, "tiny_jit: cannot seal the code region: %s\n",
                 std::strerror(errno));
    return 2;
  }
  if (!Compiler(code, formula).compile()) {
    std::fprintf(stderr, "tiny_jit: cannot compile '%s'\n", formula);
    return 2;
  }
  if (attacked)
    attack(code.begin());
  // After the seal, as often as the compiler likes: protection is not sealed.
  if (!code.make_executable()) {
    std::perror("tiny_jit: mprotect");
    return 2;
  }
  auto *function = reinterpret_cast<long (*)(long)>(code.begin());
  std::printf("%ld\n", function(std::strtol(argv[argc - 1], nullptr, 10)));
  return 0;
}
