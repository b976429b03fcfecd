// SPDX-License-Identifier: Apache-2.0
// A configuration that is read at start-up and that nothing changes later.
//
//   c++ -std=c++17 configuration.cc $(pkg-config --cflags --libs memseal)
//   configuration FILE KEY       FILE: lines of KEY=VALUE
#include <memseal/arena.h>

#include <fstream>
#include <iostream>
#include <map>
#include <string>

using Text = std::pmr::string;
using Settings = std::pmr::map<Text, Text>;

int main(int argc, char **argv) {
  if (argc != 3) {
    std::cerr << "usage: configuration FILE KEY\n";
    return 2;
  }
  memseal::SealedArena arena;
  auto *settings = arena.make<Settings>(&arena);  // its strings live there too
  std::ifstream file(argv[1]);
  for (std::string line; std::getline(file, line);)
    if (auto equals = line.find('='); equals != line.npos)
      settings->emplace(line.substr(0, equals), line.substr(equals + 1));

  if (auto sealed = arena.seal(); !sealed) {
    std::cerr << "not sealed: " << sealed.error().sentence() << "; "
              << sealed.error().cure() << '\n';
    return 1;
  }
  auto found = settings->find(argv[2]);
  std::cout << (found != settings->end() ? found->second : "nothing") << '\n';
}
