// SPDX-License-Identifier: Apache-2.0
// From a request to what has to be executed.
#pragma once

#include <cstdint>

#include "keeper/filter.h"
#include "launch/environment.h"
#include "launch/libraries.h"
#include "launch/obstacle.h"
#include "launch/path_text.h"
#include "launch/program.h"
#include "launch/run_arguments.h"
#include "sys/library_list.h"

namespace memseal::launch {

/// The ways into a program.
enum class Method : std::uint8_t {
  audit,    ///< its loader loads the auditing module first
  preload,  ///< its loader loads the preload module before other libraries
  trace,    ///< no loader: a tracer seals it from outside
};

/// What is to be executed, and what the user has to know. On Method::trace the
/// environment is the inherited one, unless the program is static and its
/// children are to be sealed: for them it names the loader module.
struct Plan {
  Method method;
  const char *path;
  char *const *arguments;
  char *const *environment;
  /// A remark that must be printed first; null, or static storage.
  const char *remark = nullptr;
  /// The keeper that has to be there first (docs/exec.md); null: none.
  const char *keeper = nullptr;
  keeper::TreeRules rules{.io_uring = keeper::IoUring::allowed};
  /// That keeper has to tell what it refuses (--on-violation=report).
  bool watched = false;
};

/// Notes that it is this process that will execute the program: then its module
/// may speak up (RunOptions::launched).
void become_launched(RunOptions &options);

/// Room for a plan. Too big for a stack; give it static storage. All zeros when
/// empty, so that there it needs no constructor and no page until it is used.
class Preparation {
public:
  /// Decides how the program gets to be sealed. Nothing is executed yet.
  ///
  /// Needs:   the report has begun (launch/begin_report.h).
  /// Errors:  all of Obstacle; paths point into this object, the request or
  ///          the environment.
  Refusable<Plan, Hindrance> prepare(const RunRequest &request,
                                     char **environment);

private:
  Refusable<Method, Hindrance> choose_method(const RunRequest &request,
                                             const Program &program);
  Refusable<void, Hindrance> export_children(const RunOptions &options);
  Refusable<void, Hindrance> export_options(const RunOptions &options);
  Refusable<void, Hindrance> export_module(Method method);
  Refusable<void, Hindrance> export_library(const PathText &library,
                                            sys::ListSyntax list);
  Refusable<void, Hindrance> export_provider(Provide provide);
  Refusable<void, Hindrance> export_tunable(std::size_t bytes);
  Refusable<void, Hindrance> export_claim();
  Refusable<void, Hindrance> export_engine(const RunOptions &options,
                                           Plan &plan);
  bool has_mseal();
  /// Whether the program is to be expected to seal memory that is no object by
  /// a served mseal(2). syscall(2) hides that.
  bool is_served(Provide provide, const Program &program);

  PathText path_, interpreter_, module_, provider_, keeper_;
  Libraries libraries_;
  Environment environment_;
  std::size_t extra_tls_ = 0;
  enum class Mseal : std::uint8_t { unknown, works, missing };
  Mseal mseal_ = Mseal::unknown;  ///< for this process
  char options_text_[64 * 1024] = {};
};

}  // namespace memseal::launch
