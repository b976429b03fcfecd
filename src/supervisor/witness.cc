// SPDX-License-Identifier: Apache-2.0
#include "supervisor/witness.h"

#include <linux/seccomp.h>

#include <algorithm>

#include "supervisor/memory_call.h"
#include "sys/memory.h"

namespace memseal::supervisor {
namespace {

/// The first guarded pages that the call touches.
const Guarded *find(const std::vector<Guarded> &all, const seccomp_data &data,
                    std::uint64_t &address) {
  for (PageRange touched : decode(data, sys::page_size()).ranges) {
    for (const Guarded &guarded : all) {
      if (guarded.range.overlaps(touched)) {
        address = guarded.range.intersection(touched).begin();
        return &guarded;
      }
    }
  }
  return nullptr;
}

Address begin_of_object(const std::vector<Guarded> &all,
                        const Guarded &inside) {
  Address first = inside.range.begin();
  for (const Guarded &guarded : all) {
    if (guarded.object == inside.object)
      first = std::min(first, guarded.range.begin());
  }
  return first;
}

}  // namespace

Witness::Scene &Witness::scene_of(pid_t pid, std::uint64_t version) {
  // A program that forks without end must not fill our memory.
  if (scenes_.size() > 16 && !scenes_.contains(pid))
    scenes_.clear();
  Scene &scene = scenes_[pid];
  if (scene.callers == nullptr || scene.version != version)
    scene = {version, survey_(pid), std::make_unique<Callers>(pid)};
  return scene;
}

const std::string &Witness::image_of(pid_t tid) {
  ThreadPosition place;
  return threads_.of(tid, place).image();
}

Hit Witness::describe(pid_t tid, const seccomp_data &data,
                      std::uint64_t version) {
  Hit hit;
  hit.tid = tid;
  hit.name = call_name(data);
  hit.call = call_text(data);
  ThreadPosition place;
  const ThreadFiles &thread = threads_.of(tid, place);
  hit.pid = thread.process();
  hit.program = thread.name();
  Scene &scene = scene_of(hit.pid, version);
  std::uint64_t address = 0;
  if (const Guarded *guarded = find(scene.guarded, data, address)) {
    hit.guarded = guarded;
    hit.offset = address - begin_of_object(scene.guarded, *guarded);
  }
  hit.from = &scene.callers->of(tid, place);
  return hit;
}

}  // namespace memseal::supervisor
