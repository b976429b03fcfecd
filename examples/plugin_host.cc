// SPDX-License-Identifier: Apache-2.0
// A plugin host whose dispatch table is sealed once the plugins are loaded.
//
//   plugin_host PLUGIN.so VALUE        applies the plugin to the value
//
// A table of function pointers is what an attacker overwrites to take over
// control. Here it is a MEMSEAL_RO_AFTER_INIT variable: filled while plugins
// are loaded, sealed before the first input is read. --attack then does what a
// memory-corruption bug would: makes the table writable and redirects an entry.
#include <dlfcn.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "memseal/ro_after_init.h"

namespace {

using Operation = long (*)(long);

struct DispatchTable {
  std::array<Operation, 16> operations{};
  std::size_t count = 0;
};
MEMSEAL_RO_AFTER_INIT memseal::ro_after_init<DispatchTable> dispatch;

long stolen(long) {
  std::puts("control flow hijacked");
  std::exit(66);
}

bool load(const char *path) {
  void *library = dlopen(path, RTLD_NOW);
  if (library == nullptr) {
    std::fprintf(stderr, "plugin_host: %s\n", dlerror());
    return false;
  }
  void *symbol = dlsym(library, "plugin_apply");
  if (symbol == nullptr || dispatch->count == dispatch->operations.size())
    return false;
  DispatchTable &table = dispatch.edit();
  table.operations[table.count++] = reinterpret_cast<Operation>(symbol);
  return true;
}

void attack() {
  auto address = reinterpret_cast<std::uintptr_t>(&*dispatch);
  void *page = reinterpret_cast<void *>(address & ~std::uintptr_t{4095});
  if (mprotect(page, 4096, PROT_READ | PROT_WRITE) != 0) {
    std::printf("attack: mprotect: %s\n", std::strerror(errno));
    return;
  }
  dispatch.edit().operations[0] = stolen;
}

}  // namespace

int main(int argc, char **argv) {
  bool attacked = false, sealed = true;
  int at = 1;
  for (; at < argc && argv[at][0] == '-'; ++at) {
    attacked = attacked || std::strcmp(argv[at], "--attack") == 0;
    sealed = sealed && std::strcmp(argv[at], "--unsealed") != 0;
  }
  if (argc - at != 2) {
    std::fputs("usage: plugin_host [--attack] [--unsealed] PLUGIN.so VALUE\n",
               stderr);
    return 2;
  }
  if (!load(argv[at]))
    return 2;
  if (sealed) {
    if (auto done = memseal::seal_ro_after_init(); !done) {
      std::fprintf(stderr, "plugin_host: seal: %s\n", done.error().sentence());
      return 2;
    }
  }
  if (attacked)
    attack();
  std::printf("%ld\n",
              dispatch->operations[0](std::strtol(argv[at + 1], nullptr, 10)));
  return 0;
}
