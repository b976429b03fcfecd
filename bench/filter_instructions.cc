// SPDX-License-Identifier: Apache-2.0
// What memseal's filters cost the calls they judge and those they do not: the
// base filter with 0 to 600 sealed ranges, over no filter. Short, for machines
// under emulation, where the clock may count instructions (matrix/README.md);
// filter_cost has the peers and the rounds for real ones.
#include "peers.h"

namespace {

using namespace memseal;

constexpr int rounds = 9, repeats = 100;

constexpr bench::Operation operations[] = {
    {"mprotect", "", bench::protect},
    {"munmap+mmap", "", bench::replace},
    {"madvise", "", bench::advise},
    {"getppid", "", bench::ask_nothing},
};

void install_base(bench::Setup &setup) {
  static bpf::Instruction storage[bpf::max_instructions];
  auto program = filter::compile_base(BaseLevel::compatible,
                                      filter::native_architecture(), storage);
  if (!program)
    std::abort();
  bench::install(*program, setup);
}

bench::Setup guard(std::size_t ranges) {
  bench::Setup setup;
  install_base(setup);
  if (ranges != 0)
    bench::install(bench::scattered_pages(ranges), setup);
  return setup;
}

}  // namespace

int main() {
  std::vector<bench::Peer> peers;
  peers.emplace_back("none", 0, operations, repeats,
                     [] { return bench::Setup{}; });
  for (std::size_t n : {0u, 1u, 100u, 600u})
    peers.emplace_back("memseal", n, operations, repeats,
                       [n] { return guard(n); });
  for (const bench::Peer &peer : peers) {
    if (!peer.is_ready()) {
      std::fprintf(stderr,
                   "filter_instructions: %s %zu cannot be set up here\n",
                   peer.name(), peer.ranges());
      return 77;
    }
  }
  bench::take_turns(peers, std::size(operations), rounds);
  bench::print_table(peers, operations);
}
