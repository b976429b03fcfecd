// SPDX-License-Identifier: Apache-2.0
#include "supervisor/callers.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <fmt/core.h>

#include <cstdlib>
#include <cstring>

namespace memseal::supervisor {

using report::Backtrace;
using report::Frame;

namespace {

constexpr std::size_t most_frames = 12, most_places = 10'000;

const Dwfl_Callbacks files{.find_elf = dwfl_linux_proc_find_elf,
                           .find_debuginfo = dwfl_standard_find_debuginfo,
                           .section_address = nullptr,
                           .debuginfo_path = nullptr};

pid_t next_thread(Dwfl *, void *data, void **thread) {
  if (*thread != nullptr)
    return 0;
  *thread = data;
  return static_cast<Callers *>(data)->thread_;
}

bool read_memory(Dwfl *, Dwarf_Addr address, Dwarf_Word *word, void *data) {
  std::uint64_t value = 0;
  if (!static_cast<Callers *>(data)->read_word(address, value))
    return false;
  *word = value;
  return true;
}

bool set_registers(Dwfl_Thread *thread, void *data) {
  auto *callers = static_cast<Callers *>(data);
#if defined(__x86_64__)
  // DWARF numbers of the x86-64 psABI: 7 is rsp, 16 the return address.
  constexpr int stack = 7, counter = 16;
#else
  constexpr int stack = 31, counter = 32;
#endif
  Dwarf_Word sp = callers->stack_, pc = callers->counter_;
  if (!dwfl_thread_state_registers(thread, stack, 1, &sp))
    return false;
  dwfl_thread_state_register_pc(thread, pc);
  return counter == 32 || dwfl_thread_state_registers(thread, counter, 1, &pc);
}

const Dwfl_Thread_Callbacks threads{.next_thread = next_thread,
                                    .get_thread = nullptr,
                                    .memory_read = read_memory,
                                    .set_initial_registers = set_registers,
                                    .detach = nullptr,
                                    .thread_detach = nullptr};

struct Step {
  std::uint64_t address;
  bool returns_to;
};

int take_frame(Dwfl_Frame *frame, void *data) {
  auto &steps = *static_cast<std::vector<Step> *>(data);
  Dwarf_Addr address;
  bool is_current = false;
  if (!dwfl_frame_pc(frame, &address, &is_current))
    return DWARF_CB_ABORT;
  steps.push_back({address, !is_current});
  return steps.size() < most_frames ? DWARF_CB_OK : DWARF_CB_ABORT;
}

}  // namespace

Callers::Callers(pid_t pid)
    : pid_(pid),
      memory_(process::RemoteMemory::open(pid,
                                          process::RemoteMemory::Access::read)),
      dwfl_(dwfl_begin(&files)) {
  // elfutils asks these servers for what is not on this machine, and the
  // program waits for us. Source: debuginfod_find_debuginfo(3).
  unsetenv("DEBUGINFOD_URLS");
  if (dwfl_ == nullptr || dwfl_linux_proc_report(dwfl_, pid) != 0 ||
      dwfl_report_end(dwfl_, nullptr, nullptr) != 0)
    return;
  attached_ = dwfl_attach_state(dwfl_, nullptr, pid, &threads, this);
}

Callers::~Callers() {
  if (dwfl_ != nullptr)
    dwfl_end(dwfl_);
}

bool Callers::read_word(std::uint64_t address, std::uint64_t &word) const {
  auto told = memory_ ? memory_->read_value<std::uint64_t>({address})
                      : std::unexpected(memory_.error());
  if (told)
    word = *told;
  return told.has_value();
}

const Backtrace &Callers::of(pid_t tid, const ThreadPosition &place) {
  static const Backtrace nobody;
  static std::uint64_t last_number = 0;
  stack_ = place.stack;
  counter_ = place.counter;
  std::uint64_t top = 0;
  if (stack_ == 0 || !read_word(stack_, top))
    return nobody;
  if (known_.size() >= most_places)
    known_.clear();
  auto [known, is_new] = known_.try_emplace({counter_, top});
  if (is_new)
    known->second = {.number = ++last_number, .frames = unwind(tid)};
  return known->second;
}

std::vector<Frame> Callers::unwind(pid_t tid) {
  thread_ = tid;
  std::vector<Step> steps;
  if (attached_)
    dwfl_getthread_frames(dwfl_, tid, take_frame, &steps);
  if (steps.empty())
    steps.push_back({counter_, false});
  std::vector<Frame> frames;
  for (const Step &step : steps)
    frames.push_back(name(step.address, step.returns_to));
  return frames;
}

Frame Callers::name(std::uint64_t address, bool returns_to) const {
  Frame frame;
  frame.address = address;
  // A return address may be the first byte of the next function or line.
  Dwarf_Addr inside = returns_to ? address - 1 : address;
  Dwfl_Module *module =
      dwfl_ != nullptr ? dwfl_addrmodule(dwfl_, inside) : nullptr;
  if (module == nullptr)
    return frame;
  if (const char *object = dwfl_module_info(module, nullptr, nullptr, nullptr,
                                            nullptr, nullptr, nullptr, nullptr))
    frame.object = object;
  if (const char *function = dwfl_module_addrname(module, inside))
    frame.function = function;
  if (Dwfl_Line *line = dwfl_module_getsrc(module, inside)) {
    int number = 0;
    const char *path =
        dwfl_lineinfo(line, nullptr, &number, nullptr, nullptr, nullptr);
    if (path != nullptr) {
      const char *slash = std::strrchr(path, '/');
      frame.source =
          fmt::format("{}:{}", slash != nullptr ? slash + 1 : path, number);
    }
  }
  return frame;
}

}  // namespace memseal::supervisor
