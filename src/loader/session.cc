// SPDX-License-Identifier: Apache-2.0
#include "loader/session.h"

#include <sys/syscall.h>

#include "base/inline_vector.h"
#include "base/text_writer.h"
#include "loader/enforcer.h"
#include "loader/init_detour.h"
#include "loader/object_seal.h"
#include "loader/pin.h"
#include "loader/report.h"
#include "loader/start_stack.h"
#include "policy/glob.h"
#include "policy/run_options.h"
#include "sys/auxiliary_vector.h"
#include "sys/memory.h"
#include "sys/page_state.h"
#include "sys/seccomp_state.h"
#include "sys/syscall.h"

namespace memseal::loader {
namespace {

struct Pending {
  LinkMap *map;
  long lmid;
};

struct State {
  bool started = false;
  RunOptions options;
  Enforcer enforcer = Enforcer::native;
  /// Why nothing can be sealed; `none` if it can.
  Reason obstacle = Reason::none;
  sys::SeccompState seccomp;
  LinkMap *head = nullptr;
  bool requests_fit = true;
  /// Whether a library was ever on its way. At exit every object is announced
  /// as closing; most programs need not touch the tables for that.
  bool tables_used = false;
};
constinit State state;
/// Libraries on their way from being mapped to being sealed.
using Batch = InlineVector<Pending, 512>;
constinit Batch pending;
/// Those that are being sealed. Static, like all tables here: dlopen may be
/// called on a thread with a small stack.
constinit Batch in_hand;
/// Those of them that an exact filter will be made for, and their ranges.
constinit Batch collected;
constinit Requests requests;

[[noreturn]] void give_up(std::string_view what, std::string_view why) {
  char text[1024];
  TextWriter out(text);
  out.text("memseal: ").text(what).text(why).text("\n");
  sys::call(SYS_write, 2, out.view().data(), out.view().size());
  for (;;)
    sys::call(SYS_exit_group, 125);
}

void warn(std::string_view sentence) {
  sys::call(SYS_write, 2, sentence.data(), sentence.size());
}

// A malformed text may hide `require`: then running on is not allowed.
void read_options(char **environment) {
  // A setuid program's environment is somebody else's: a report would be
  // written with rights that its author does not have.
  if (sys::auxiliary_value(AT_SECURE) != 0)
    return;
  std::string_view text =
      variable(environment, options_variable).value_or(std::string_view());
  Result<RunOptions> options = parse_run_options(text);
  if (options) {
    state.options = *options;
    return;
  }
  if (text.find("require") != std::string_view::npos)
    give_up("MEMSEAL_OPTIONS is not understood", "");
  warn("memseal: MEMSEAL_OPTIONS is not understood; nothing is sealed\n");
  state.options.except = "*";
}

bool runs_in_valgrind(LinkMap *head) {
  for (LinkMap *map = head; map != nullptr; map = map->l_next) {
    if (path_of(*map).find("/vgpreload_core") != std::string_view::npos)
      return true;
  }
  return false;
}

enum class Start : std::uint8_t { unfiltered, unknown };

/// What the launcher said; a setuid program does not listen.
Start take_claim(char **environment) {
  bool told = sys::auxiliary_value(AT_SECURE) == 0 &&
              take_unfiltered_claim(environment);
  return told ? Start::unfiltered : Start::unknown;
}

Reason find_obstacle(LinkMap *head, Start start) {
  if (runs_in_valgrind(head))
    return Reason::emulated;
  state.seccomp = start == Start::unfiltered ? sys::SeccompState{.mode = 0}
                                             : sys::seccomp_state();
  // Under a filter, a keeper's included, a child goes first: somebody else's
  // may kill for what follows.
  if (!state.seccomp.none() &&
      sys::try_mseal_in_child() == sys::MsealTrial::deadly)
    return Reason::seccomp;
  EnforcerChoice choice = choose_enforcer(state.options.engine);
  state.enforcer = choice.enforcer;
  return choice.obstacle;
}

/// Writes down what became of an object, and stops if that is not enough.
void record(const Image &image, const ObjectOutcome &outcome) {
  if (!state.options.report.empty())
    report(state.options.report, image.name, outcome, state.enforcer);
  Outcome shortfall = outcome.shortfall();
  if (state.options.requirement == Requirement::required &&
      shortfall.falls_short()) {
    char why[256];
    TextWriter text(why);
    text.text(" is not sealed, but --require asks for it: ");
    text.text(sentence(shortfall));
    give_up(image.name, text.view());
  }
}

/// Whether it matters to anybody what became of an object.
bool somebody_reads() {
  return !state.options.report.empty() ||
         state.options.requirement == Requirement::required;
}

void leave(const Image &image, Reason reason) {
  if (somebody_reads())
    record(image, leave_object(image, reason));
}

/// Each object is sealed as it comes. But an exact filter is made for all at
/// once, so they are gone through twice.
enum class Pass : std::uint8_t { seal, collect, conclude };

/// Seals what the second pass is about. What failed is in each object's record.
Result<void> commit_requests() {
  Result<void> sealed = fail(Errc::capacity);
  if (state.requests_fit)
    sealed = seal(requests.view(), Engine::filter);
  requests.clear();
  state.requests_fit = true;
  state.seccomp = sys::seccomp_state();  // that filter is ours
  return sealed;
}

void handle(const Image &image, Pass pass, const Result<void> &sealed) {
  switch (pass) {
    case Pass::seal: {
      RelroCheck check =
          somebody_reads() ? RelroCheck::ask_kernel : RelroCheck::trust_loader;
      return record(image, seal_object(image, check, state.enforcer));
    }
    case Pass::collect:
      if (!collect_object(image, requests))
        state.requests_fit = false;
      return;
    case Pass::conclude:
      return record(image, conclude_object(image, sealed));
  }
}

void handle_initial(const Image &image, Pass pass, const Result<void> &sealed) {
  Reason reason = selects(state.options, image.name) ? state.obstacle
                                                     : Reason::not_selected;
  if (reason == Reason::none)
    handle(image, pass, sealed);
  else if (pass != Pass::collect)
    leave(image, reason);
}

Elf64_Dyn *dynamic_at(Address header) {
  auto headers = elf::read_program_headers(
      {reinterpret_cast<const std::byte *>(header), sys::page_size()});
  if (!headers || !headers->has(PT_DYNAMIC))
    return nullptr;
  return reinterpret_cast<Elf64_Dyn *>(header +
                                       headers->first(PT_DYNAMIC).p_vaddr);
}

/// Objects that are in no list: this module, and the vdso where the loader does
/// not list it.
LinkMap unlisted(Address header, Elf64_Dyn *dynamic) {
  static char no_name[] = "-";
  return {.l_addr = header,
          .l_name = no_name,
          .l_ld = dynamic,
          .l_next = nullptr,
          .l_prev = nullptr};
}

void go_through_initial(const Module &module, Pass pass,
                        const Result<void> &sealed) {
  bool vdso_listed = false;
  for (LinkMap *map = state.head; map != nullptr; map = map->l_next) {
    if (map->l_ld == module.dynamic)  // the preload module is in the list
      continue;
    Image image = image_of(*map);
    vdso_listed = vdso_listed || image.name == "[vdso]";
    handle_initial(image, pass, sealed);
  }
  Address vdso = sys::auxiliary_value(AT_SYSINFO_EHDR);
  if (vdso != 0 && !vdso_listed) {
    LinkMap map = unlisted(vdso, dynamic_at(vdso));
    handle_initial({&map, "[vdso]", MappedBy::kernel}, pass, sealed);
  }
  LinkMap map = unlisted(module.begin, module.dynamic);
  handle_initial({&map, module.name, MappedBy::loader}, pass, sealed);
}

/// Whether nothing will be sealed late, whatever comes.
bool inert() {
  return state.obstacle != Reason::none ||
         state.options.dlopen == DlopenPolicy::skip;
}

/// Whether there is a filter now that was not asked about mseal(2); asking with
/// threads running could end the process. Without /proc it cannot be known.
bool filter_came() {
  sys::SeccompState now = sys::seccomp_state();
  // Where there is none, their number is known without being told.
  bool same = now == state.seccomp || (now.none() && state.seccomp.none());
  return now.mode < 0 || !same;
}

Reason late_obstacle(const Image &image) {
  if (state.options.dlopen == DlopenPolicy::skip)
    return Reason::dlopen_skipped;
  if (!selects(state.options, image.name))
    return Reason::not_selected;
  return state.obstacle;
}

enum class Kept : std::uint8_t { by_pinning, by_its_loader };

/// Pins a library that may be sealed. Returns why it may not after all.
Reason prepare_late(const Pending &item, const Image &image, Kept kept) {
  // What cannot be sealed need not be kept either.
  if (!layout_of(image, sys::page_size()))
    return Reason::flawed;  // `leave` finds out how
  if (kept == Kept::by_pinning && state.options.dlopen == DlopenPolicy::pin &&
      !pin(*item.map, item.lmid, state.head))
    return Reason::not_pinned;
  return Reason::none;
}

/// Seals libraries that are relocated.
void seal_late(std::span<const Pending> batch, Kept kept = Kept::by_pinning) {
  if (batch.empty())
    return;
  bool at_once = state.enforcer != Enforcer::exact;
  bool filtered = !inert() && filter_came();
  collected.clear();
  for (const Pending &item : batch) {
    Image image = image_of(*item.map);
    Reason reason = late_obstacle(image);
    if (reason == Reason::none)
      reason = filtered ? Reason::seccomp : prepare_late(item, image, kept);
    if (reason != Reason::none)
      leave(image, reason);
    else if (at_once)
      handle(image, Pass::seal, {});
    else if (collected.push_back(item))
      handle(image, Pass::collect, {});
  }
  if (collected.empty())
    return;
  Result<void> sealed = commit_requests();
  for (const Pending &item : collected)
    handle(image_of(*item.map), Pass::conclude, sealed);
}

enum class Readiness : std::uint8_t { relocated, early, unknown };

/// RELRO that is read-only has been relocated.
Readiness readiness(const LinkMap &map) {
  auto layout =
      layout_of(image_of(const_cast<LinkMap &>(map)), sys::page_size());
  if (!layout)
    return Readiness::relocated;  // only to be recorded
  for (const elf::Part &part : layout->parts()) {
    if (part.kind != elf::PartKind::relro)
      continue;
    switch (sys::writability(part.range.begin())) {
      case sys::Writability::writable:
        return Readiness::early;
      case sys::Writability::read_only:
        return Readiness::relocated;
      case sys::Writability::unknown:
        break;
    }
  }
  return Readiness::unknown;
}

/// Seals everything that is on its way. Pinning calls into the loader, which
/// may call us: take all of it out before it is handled.
void seal_pending() {
  in_hand.clear();
  for (const Pending &item : pending)
    MEMSEAL_ASSERT(in_hand.push_back(item));
  pending.clear();
  seal_late(in_hand.view());
}

void take_out(std::size_t i) {
  pending[i] = pending.back();
  pending.pop_back();
}

}  // namespace

bool initial_objects_sealed() {
  return state.started;
}

void seal_initial_objects(LinkMap *head, char **environment,
                          const Module &module) {
  state.started = true;
  state.head = head;
  if (environment == nullptr)
    environment = find_environment(head);
  read_options(environment);
  state.obstacle = find_obstacle(head, take_claim(environment));

  if (state.enforcer != Enforcer::exact || state.obstacle != Reason::none) {
    go_through_initial(module, Pass::seal, {});
  } else {
    go_through_initial(module, Pass::collect, {});
    go_through_initial(module, Pass::conclude, commit_requests());
  }

  // An exact filter would meet itself in a child: docs/exec.md.
  if ((state.options.inheritance == Inheritance::children_unsealed ||
       state.options.engine == EngineChoice::exact) &&
      sys::auxiliary_value(AT_SECURE) == 0)
    forget_memseal(environment);
}

void library_opened(LinkMap &map, long lmid) {
  if (inert() && !somebody_reads())
    return;
  state.tables_used = true;
  if (!pending.push_back({&map, lmid}))
    leave(image_of(map), Reason::table_full);
}

void library_closing(LinkMap &map) {
  if (!state.tables_used)
    return;
  cancel_detour(map);
  for (std::size_t i = 0; i < pending.size(); ++i) {
    if (pending[i].map == &map) {
      take_out(i);
      return;
    }
  }
}

void batch_begins() {
  if (state.tables_used)
    seal_pending();
}

void batch_mapped() {
  if (!state.tables_used || pending.empty())
    return;
  if (inert() || filter_came())
    return seal_pending();  // that is: record why they are left
  in_hand.clear();
  for (std::size_t i = 0; i < pending.size();) {
    if (readiness(*pending[i].map) == Readiness::relocated) {
      MEMSEAL_ASSERT(in_hand.push_back(pending[i]));
      take_out(i);
      continue;
    }
    // Without a constructor it waits for the constructor of another.
    set_detour(*pending[i].map);
    ++i;
  }
  seal_late(in_hand.view());
}

void detour_taken() {
  seal_pending();
}

void seal_late_object(LinkMap &map) {
  Pending item{&map, 0};
  seal_late({&item, 1}, Kept::by_its_loader);
}

}  // namespace memseal::loader
