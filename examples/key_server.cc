// SPDX-License-Identifier: Apache-2.0
// A small signing server whose key and configuration survive an in-process
// write primitive.
//
//   key_server [--unsealed]     listens on 127.0.0.1, prints the port
//
// Requests, a line each:
//   sign TEXT          answers with a (toy) signature under the server's key
//   where              answers with the address of the key
//   poke ADDRESS BYTE  the planted bug: makes the page writable if the kernel
//                      lets it, then writes one byte anywhere
//   quit
//
// With `poke` an attacker replaces the key of an unsealed server and forges
// signatures. The sealed server answers that the write faulted, and goes on
// signing with its own key.
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory_resource>
#include <string>

#include "memseal/arena.h"

namespace {

struct Settings {
  explicit Settings(std::pmr::memory_resource *memory)
      : key("correct horse battery staple", memory),
        greeting("key_server ready", memory) {}
  std::pmr::string key, greeting;
};

std::uint64_t sign(const std::pmr::string &key, const char *text) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a: a stand-in, not a MAC
  auto mix = [&](unsigned char byte) { hash = (hash ^ byte) * 0x100000001b3; };
  for (char c : key)
    mix(static_cast<unsigned char>(c));
  for (; *text != '\0'; ++text)
    mix(static_cast<unsigned char>(*text));
  return hash;
}

sigjmp_buf after_fault;
void on_fault(int) {
  siglongjmp(after_fault, 1);
}

void poke(std::FILE *peer, std::uintptr_t address, int byte) {
  auto *page = reinterpret_cast<void *>(address & ~std::uintptr_t{4095});
  bool opened = mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0;
  int why = errno;
  if (sigsetjmp(after_fault, 1) == 0) {
    *reinterpret_cast<volatile char *>(address) = static_cast<char>(byte);
    std::fprintf(peer, "written\n");
  } else {
    std::fprintf(peer, "faulted; mprotect: %s\n",
                 opened ? "succeeded" : std::strerror(why));
  }
}

bool serve(std::FILE *peer, const Settings &settings) {
  std::fprintf(peer, "%s\n", settings.greeting.c_str());
  char line[512];
  while (std::fflush(peer), std::fgets(line, sizeof line, peer) != nullptr) {
    line[std::strcspn(line, "\r\n")] = '\0';
    char *end = nullptr;
    if (std::strncmp(line, "sign ", 5) == 0) {
      std::fprintf(
          peer, "%016llx\n",
          static_cast<unsigned long long>(sign(settings.key, line + 5)));
    } else if (std::strcmp(line, "where") == 0) {
      std::fprintf(peer, "%p\n",
                   static_cast<const void *>(settings.key.data()));
    } else if (std::strncmp(line, "poke ", 5) == 0) {
      std::uintptr_t address = std::strtoul(line + 5, &end, 16);
      poke(peer, address, static_cast<int>(std::strtol(end, nullptr, 0)));
    } else if (std::strcmp(line, "quit") == 0) {
      return false;
    } else {
      std::fprintf(peer, "?\n");
    }
  }
  return true;
}

int listen_on_loopback() {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr *>(&address), size) != 0 ||
      listen(fd, 8) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr *>(&address), &size) != 0)
    return -1;
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

}  // namespace

int main(int argc, char **argv) {
  memseal::SealedArena arena;
  auto *settings = arena.make<Settings>(&arena);
  bool sealed = argc < 2 || std::strcmp(argv[1], "--unsealed") != 0;
  if (sealed && !arena.seal()) {
    std::fputs("key_server: cannot seal\n", stderr);
    return 2;
  }
  struct sigaction action = {};
  action.sa_handler = on_fault;
  sigaction(SIGSEGV, &action, nullptr);

  int listener = listen_on_loopback();
  if (listener < 0) {
    std::perror("key_server");
    return 2;
  }
  for (bool goes_on = true; goes_on;) {
    int fd = accept(listener, nullptr, nullptr);
    std::FILE *peer = fd >= 0 ? fdopen(fd, "r+") : nullptr;
    if (peer == nullptr)
      break;
    goes_on = serve(peer, *settings);
    std::fclose(peer);
  }
  return 0;
}
