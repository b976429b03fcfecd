// SPDX-License-Identifier: Apache-2.0
// One loop over what wait(2) tells, and a small state for each thread: where on
// the way from exec to its own code it is.
#include "tracer/launch_watch.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <map>
#include <memory>

#include "tracer/exec_seal.h"

namespace memseal::tracer {
namespace {

enum class Stage : std::uint8_t {
  running,       ///< nothing to do until the next exec
  leaving_exec,  ///< the next stop is behind execve
  before_relro,  ///< the program itself will protect it
  before_entry,  ///< a hardware breakpoint waits
};

struct Watched {
  Tracee thread;
  Stage stage = Stage::running;
  std::unique_ptr<ExecSeal> seal{};
};

class Watch {
public:
  explicit Watch(const LaunchOptions &options) : options_(options) {}

  void add(Tracee thread) {
    watched_.try_emplace(thread.tid(), Watched{.thread = thread});
  }

  void run() {
    while (!watched_.empty()) {
      auto stop = wait_for(-1);
      if (!stop)
        return;
      if (stop->ended()) {
        watched_.erase(stop->tid);
        continue;
      }
      add(Tracee::followed(stop->tid));
      // A process that is killed meanwhile refuses what we ask; its end will
      // be the next we hear of it.
      static_cast<void>(take(watched_.at(stop->tid), *stop));
    }
  }

private:
  bool follows() const { return options_.children == Children::followed; }

  /// EXITKILL as long as registers may not be the program's own, or the
  /// program may not run unsealed.
  unsigned options(bool busy) const {
    unsigned bits = PTRACE_O_TRACEEXEC;
    if (busy)
      bits |= PTRACE_O_EXITKILL;
    if (follows())
      bits |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
    return bits;
  }

  Result<void> take(Watched &watched, const Stop &stop) {
    switch (stop.kind) {
      case Stop::Kind::event:
        return take_event(watched, stop.detail);
      case Stop::Kind::system_call:
        return take_call(watched);
      case Stop::Kind::signal:
        return take_signal(watched, stop.detail);
      case Stop::Kind::halted:
        if (stop.detail != SIGTRAP)  // the process is stopped: leave it so
          return watched.thread.listen();
        return go_on(watched);
      case Stop::Kind::exited:
      case Stop::Kind::killed:
        break;
    }
    return {};
  }

  Result<void> go_on(Watched &watched, int signal = 0) {
    bool counts_calls = watched.stage == Stage::leaving_exec ||
                        watched.stage == Stage::before_relro;
    return watched.thread.resume(
        counts_calls ? Until::system_call : Until::event, signal);
  }

  Result<void> take_event(Watched &watched, int event) {
    if (event != PTRACE_EVENT_EXEC)
      return go_on(watched);
    // The thread that called execve takes the number of the first one.
    auto former = MEMSEAL_TRY(watched.thread.event_message());
    if (static_cast<pid_t>(former) != watched.thread.tid())
      watched_.erase(static_cast<pid_t>(former));
    MEMSEAL_TRY_VOID(watched.thread.set_options(options(true)));
    watched.seal.reset();
    watched.stage = Stage::leaving_exec;
    return go_on(watched);
  }

  Result<void> take_call(Watched &watched) {
    if (watched.stage == Stage::leaving_exec) {
      watched.seal = std::make_unique<ExecSeal>(watched.thread, options_);
      return next(watched, watched.seal->at_exec());
    }
    if (watched.stage == Stage::before_relro)
      return next(watched, watched.seal->at_call());
    return go_on(watched);
  }

  Result<void> take_signal(Watched &watched, int signal) {
    if (watched.stage == Stage::before_entry && signal == SIGTRAP &&
        watched.seal->is_at_entry())
      return next(watched, watched.seal->at_entry());
    return go_on(watched, signal);
  }

  Result<void> next(Watched &watched, ExecSeal::Next next) {
    switch (next) {
      case ExecSeal::Next::watch_calls:
        watched.stage = Stage::before_relro;
        return go_on(watched);
      case ExecSeal::Next::wait_for_entry:
        watched.stage = Stage::before_entry;
        return go_on(watched);
      case ExecSeal::Next::done:
        break;
    }
    watched.stage = Stage::running;
    std::unique_ptr<ExecSeal> seal = std::move(watched.seal);
    if (follows()) {
      MEMSEAL_TRY_VOID(watched.thread.set_options(options(false)));
      return go_on(watched);
    }
    Tracee thread = watched.thread;
    watched_.erase(thread.tid());
    MEMSEAL_TRY_VOID(thread.detach());
    if (seal->listener() >= 0 && options_.supervise)
      options_.supervise(seal->launched(), seal->listener());
    return {};
  }

  const LaunchOptions &options_;
  std::map<pid_t, Watched> watched_;
};

}  // namespace

void watch_launch(const Tracee &first, const LaunchOptions &options) {
  Watch watch(options);
  watch.add(first);
  watch.run();
}

}  // namespace memseal::tracer
