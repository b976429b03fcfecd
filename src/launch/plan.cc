// SPDX-License-Identifier: Apache-2.0
// Auditing is the better method: the module sees every library that dlopen
// brings and is there before any other code. Preloading is for programs that
// auditing would break. Both are told what to do by the environment, so
// children inherit it: an environment must be good for programs we have not
// seen yet.
#include "launch/plan.h"

#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "launch/installation.h"
#include "options/unfiltered_claim.h"
#include "sys/kernel_version.h"
#include "sys/seccomp_state.h"
#include "sys/syscall.h"

namespace memseal::launch {
namespace {

constexpr std::string_view tunables_variable = "GLIBC_TUNABLES";
constexpr std::string_view surplus_tunable = "glibc.rtld.optional_static_tls";

// What an audited start has for the program's libraries without being asked:
// 1,664 bytes before glibc 2.32, 1,808 since, of which some must be left for
// dlopen (elf/dl-tls.c, tls_static_surplus: 4 × 144 + 5 × 144 + the tunable's
// 512, with one audit module).
constexpr std::size_t always_there = 1024;
// An unaudited start leaves 4 × 144 + 3 × 144 + 512 = 1,520 bytes for dlopen.
// To leave as much, the tunable must grow by 224 more than the libraries want.
constexpr std::size_t dlopen_reserve = 256;
// More would not fit the smallest stack a thread may have, 16 KiB, together
// with the thread's first frames (measured: 16,384 fails, 4,096 works).
constexpr std::size_t largest_surplus = 4096;

/// Programs that run other programs on a processor of their own making, where
/// the module would be of no use and in the way: valgrind has no mseal(2), and
/// reports what an auditing module or a preloaded one does before its own
/// start-up code ran as errors of the program.
bool is_interpreter(std::string_view path) {
  std::string_view name = name_of(path);
  return name == "valgrind" || name == "valgrind.bin";
}
constexpr const char *interpreter_remark =
    "valgrind emulates the CPU and does not know mseal(2): "
    "what runs inside it stays unsealed";

constexpr const char *children_remark =
    "the loader module cannot be passed on: what the program starts stays "
    "unsealed";

constexpr const char *keeperless_remark =
    "a program without a loader gets no keeper: what it starts is sealed by "
    "mseal(2) alone, where the kernel has it (docs/exec.md)";

/// Set for everything that runs inside of --engine=filter.
constexpr std::string_view filter_variable = "MEMSEAL_FILTER";
constexpr const char *stale_remark =
    "this runs inside memseal run --engine=filter: addresses that were "
    "sealed "
    "there stay refused here, whatever lies there (docs/exec.md)";

/// A list of tunables without its entry for the surplus.
struct Tunables {
  std::string_view before, after;  ///< without colons where they are joined
  std::size_t surplus = 0;         ///< what the entry said
};

Tunables split_tunables(std::string_view list) {
  for (std::size_t begin = 0; begin < list.size();) {
    std::size_t end = std::min(list.find(':', begin), list.size());
    std::string_view entry = list.substr(begin, end - begin);
    if (entry.starts_with(surplus_tunable) &&
        entry.substr(surplus_tunable.size()).starts_with('=')) {
      Tunables split;
      if (begin != 0)
        split.before = list.substr(0, begin - 1);
      if (end != list.size())
        split.after = list.substr(end + 1);
      entry.remove_prefix(surplus_tunable.size() + 1);
      std::from_chars(entry.data(), entry.data() + entry.size(), split.surplus);
      return split;
    }
    begin = end + 1;
  }
  return {.before = list, .after = {}};
}

/// Told from the version where nobody stands between us and the kernel: asking
/// the call itself costs more. A filter of somebody else may refuse it, or
/// kill.
bool mseal_works() {
  if (!sys::kernel_is_at_least(6, 10))
    return false;
  return sys::runs_unfiltered() ||
         sys::try_mseal_in_child() == sys::MsealTrial::works;
}

/// A supervisor that hears of violations only is cheaper than a keeper that
/// judges every call. The first knows no more than the addresses that the
/// program begins with: enough where nothing that comes later is sealed. A
/// filter cannot ask a keeper.
bool is_cheaper_traced(const RunOptions &options) {
  return options.on_violation == OnViolation::report &&
         (options.dlopen == DlopenPolicy::skip ||
          options.engine == Engine::filter);
}

std::string_view or_empty(std::optional<std::string_view> value) {
  return value.value_or(std::string_view());
}

}  // namespace

void become_launched(RunOptions &options) {
  options.launched = static_cast<int>(sys::call(SYS_getpid).raw);
}

Refusable<Plan, Hindrance> Preparation::prepare(const RunRequest &request,
                                                char **environment) {
  if (!environment_.begin(environment))
    return refuse(Hindrance{Obstacle::too_large, request.program[0]});
  MEMSEAL_TRY_VOID(
      find_program(request.program[0], environment_.get("PATH"), path_));
  Program program = MEMSEAL_TRY(inspect(path_.c_str(), interpreter_));

  if (request.options.types != seal_type::all &&
      (request.options.engine != Engine::filter ||
       request.options.on_violation != OnViolation::deny))
    return refuse(Hindrance{Obstacle::types_need_filter, path_.view()});
  Method method = MEMSEAL_TRY(choose_method(request, program));
  if (request.options.at_exit == AtExit::check && method != Method::audit)
    return refuse(Hindrance{Obstacle::no_exit_check, path_.view()});
  Plan plan{.method = method,
            .path = path_.c_str(),
            .arguments = request.program,
            .environment = environment,
            .remark = nullptr};
  if (method == Method::trace) {
    if (program.loader == Loader::none && request.how != How::trace_children &&
        request.options.inheritance == Inheritance::children_sealed) {
      // The tracer watches this one program.
      RunOptions children = request.options;
      children.on_violation = OnViolation::deny;
      // Better than nothing, unless that was asked for.
      if (children.engine.has(Engine::keeper) &&
          children.requirement != Requirement::required) {
        children.engine = Engine::automatic;
        plan.remark = keeperless_remark;
      }
      if (export_children(children))
        plan.environment = environment_.vector();
      else
        plan.remark = children_remark;
    }
    return plan;
  }

  RunOptions options = request.options;
  if (kills_or_traps(options.on_violation) && options.engine == Engine::keeper)
    return refuse(Hindrance{Obstacle::keeper_cannot_kill, path_.view()});
  if (wants_own_filters(options) && options.on_violation != OnViolation::deny &&
      options.dlopen == DlopenPolicy::seal)
    return refuse(Hindrance{Obstacle::closing_kills, path_.view()});
  MEMSEAL_TRY_VOID(export_engine(options, plan));
  if (wants_own_filters(options))
    options.inheritance = Inheritance::children_unsealed;
  if (is_interpreter(path_.view())) {
    if (options.requirement == Requirement::required)
      return refuse(Hindrance{Obstacle::interpreter, path_.view()});
    plan.remark = interpreter_remark;
    options.inheritance = Inheritance::children_unsealed;
  }
  bool inherited = options.inheritance == Inheritance::children_sealed;
  if (program.through_env && !inherited)
    return refuse(Hindrance{Obstacle::env_script, path_.view()});
  MEMSEAL_TRY_VOID(export_options(options));
  if (program.loader == Loader::glibc)
    MEMSEAL_TRY_VOID(export_provider(request.provide));
  // The heap may be sealed by a served mseal(2).
  if (!is_served(request.provide, program))
    plan.rules.zone = keeper::zone_here();
  MEMSEAL_TRY_VOID(export_module(method));
  // A child may be a program whose libraries need all there is.
  if (method == Method::audit)
    MEMSEAL_TRY_VOID(export_tunable(inherited ? largest_surplus : extra_tls_));
  if (plan.keeper == nullptr)
    MEMSEAL_TRY_VOID(export_claim());
  else
    environment_.remove(unfiltered_variable);
  plan.environment = environment_.vector();
  return plan;
}

bool Preparation::has_mseal() {
  if (mseal_ == Mseal::unknown)
    mseal_ = mseal_works() ? Mseal::works : Mseal::missing;
  return mseal_ == Mseal::works;
}

/// A static program heeds none of these variables; it hands them on.
Refusable<void, Hindrance> Preparation::export_children(
    const RunOptions &options) {
  MEMSEAL_TRY_VOID(export_options(options));
  MEMSEAL_TRY_VOID(export_module(Method::audit));
  return export_tunable(largest_surplus);
}

Refusable<Method, Hindrance> Preparation::choose_method(
    const RunRequest &request, const Program &program) {
  extra_tls_ = 0;
  if (request.how == How::trace || request.how == How::trace_children)
    return Method::trace;
  if (request.how == How::automatic && is_cheaper_traced(request.options))
    return Method::trace;
  if (program.loader == Loader::none) {
    if (request.how == How::automatic)
      return Method::trace;
    return refuse(Hindrance{Obstacle::static_program, program.path});
  }
  if (request.how == How::preload)
    return Method::preload;
  if (program.loader == Loader::musl) {
    if (request.how == How::audit)
      return refuse(Hindrance{Obstacle::no_audit, program.path});
    return Method::preload;
  }

  StaticTls tls = libraries_.walk(
      program.file,
      {.program = program.path,
       .library_path = or_empty(environment_.get("LD_LIBRARY_PATH")),
       .preload = or_empty(environment_.get("LD_PRELOAD"))});
  if (tls.bytes <= always_there) {
    extra_tls_ = tls.incomplete ? largest_surplus : 0;
    return Method::audit;
  }
  extra_tls_ = (tls.bytes + dlopen_reserve + 63) & ~std::size_t{63};
  if (extra_tls_ <= largest_surplus && libraries_.libc_has_tunable())
    return Method::audit;
  if (request.how == How::audit)
    return refuse(Hindrance{Obstacle::no_room_for_tls, program.path});
  if (request.options.requirement == Requirement::required &&
      request.options.dlopen != DlopenPolicy::skip)
    return refuse(Hindrance{Obstacle::no_dlopen, program.path});
  return Method::preload;
}

Refusable<void, Hindrance> Preparation::export_options(
    const RunOptions &options) {
  auto text = format_run_options(options, options_text_);
  if (!text)
    return refuse(Hindrance{Obstacle::too_large, path_.view()});
  std::string_view parts[] = {*text};
  if (!environment_.set(options_variable, parts))
    return refuse(Hindrance{Obstacle::too_large, path_.view()});
  return {};
}

Refusable<void, Hindrance> Preparation::export_module(Method method) {
  bool audit = method == Method::audit;
  MEMSEAL_TRY_VOID(find_installed(
      audit ? InstalledFile::audit_module : InstalledFile::preload_module,
      module_));
  return export_library(
      module_, audit ? sys::ListSyntax::audit : sys::ListSyntax::preload);
}

/// Puts a library first in its list. memseal run under memseal run: it is there
/// already, under whatever name, and must not be loaded twice.
Refusable<void, Hindrance> Preparation::export_library(const PathText &library,
                                                       sys::ListSyntax list) {
  if (library.view().find_first_of(": ;") != std::string_view::npos)
    return refuse(Hindrance{Obstacle::module_name, library.view()});
  std::string_view variable =
      list == sys::ListSyntax::audit ? "LD_AUDIT" : "LD_PRELOAD";
  std::string_view others = or_empty(environment_.get(variable));
  if (!others.empty() && sys::LibraryFile(library.c_str()).is_in(others, list))
    return {};
  std::string_view parts[] = {library.view(), others.empty() ? "" : ":",
                              others};
  if (!environment_.set(variable, parts))
    return refuse(Hindrance{Obstacle::too_large, path_.view()});
  return {};
}

bool Preparation::is_served(Provide provide, const Program &program) {
  if (provide != Provide::automatic)
    return provide == Provide::always;
  return program.file.may_name("mseal") && !has_mseal();
}

/// Before the module is entered: of preloaded libraries the module is first.
Refusable<void, Hindrance> Preparation::export_provider(Provide provide) {
  if (provide == Provide::never)
    return {};
  if (provide == Provide::automatic && has_mseal())
    return {};
  // Memory stays sealed or not whether or not the program seals some itself:
  // an installation without these parts is no obstacle, unless they were asked
  // for.
  auto found = find_installed(InstalledFile::provide_library, provider_);
  if (found)
    found = find_installed(InstalledFile::tool, keeper_);
  if (!found)
    return provide == Provide::always ? found : Refusable<void, Hindrance>();
  MEMSEAL_TRY_VOID(export_library(provider_, sys::ListSyntax::preload));

  std::string_view keeper[] = {keeper_.view()};
  std::string_view always[] = {"always"};
  bool fits = environment_.set("MEMSEAL_KEEPER", keeper).has_value();
  if (provide == Provide::always)
    fits = fits && environment_.set("MEMSEAL_PROVIDE", always).has_value();
  if (!fits)
    return refuse(Hindrance{Obstacle::too_large, path_.view()});
  return {};
}

/// What the engine needs before the program begins. Where mseal(2) is missing
/// `auto` takes a keeper if there is one; what is missing then is in the
/// module's report.
Refusable<void, Hindrance> Preparation::export_engine(const RunOptions &options,
                                                      Plan &plan) {
  if (environment_.get(filter_variable)) {
    if (options.requirement == Requirement::required)
      return refuse(Hindrance{Obstacle::stale_filter, path_.view()});
    plan.remark = stale_remark;
  }
  if (wants_own_filters(options)) {
    std::string_view yes[] = {"1"};
    if (!environment_.set(filter_variable, yes))
      return refuse(Hindrance{Obstacle::too_large, path_.view()});
    return {};
  }
  plan.watched = asks_supervisor(options.on_violation);
  bool asked = options.engine.has(Engine::keeper) || plan.watched;
  bool fallback = options.engine == Engine::automatic && !has_mseal();
  if (!asked && !fallback)
    return {};
  auto found = find_installed(InstalledFile::tool, keeper_);
  if (!found)
    return asked ? found : Refusable<void, Hindrance>();
  plan.keeper = keeper_.c_str();
  return {};
}

Refusable<void, Hindrance> Preparation::export_tunable(std::size_t bytes) {
  if (bytes == 0)
    return {};
  Tunables old = split_tunables(or_empty(environment_.get(tunables_variable)));
  if (old.surplus >= bytes)
    return {};
  char digits[24];
  char *end = std::to_chars(digits, digits + sizeof digits, bytes).ptr;
  std::string_view parts[] = {
      old.before,
      old.before.empty() ? "" : ":",
      old.after,
      old.after.empty() ? "" : ":",
      surplus_tunable,
      "=",
      std::string_view(digits, static_cast<std::size_t>(end - digits))};
  if (!environment_.set(tunables_variable, parts))
    return refuse(Hindrance{Obstacle::too_large, path_.view()});
  return {};
}

/// Last, so that the module need not move others to take it out.
Refusable<void, Hindrance> Preparation::export_claim() {
  environment_.remove(unfiltered_variable);
  if (!sys::runs_unfiltered())
    return {};
  char digits[24];
  char *end =
      std::to_chars(digits, digits + sizeof digits, sys::call(SYS_getpid).raw)
          .ptr;
  std::string_view parts[] = {
      std::string_view(digits, static_cast<std::size_t>(end - digits))};
  if (!environment_.set(unfiltered_variable, parts))
    return refuse(Hindrance{Obstacle::too_large, path_.view()});
  return {};
}

}  // namespace memseal::launch
