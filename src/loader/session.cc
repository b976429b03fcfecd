// SPDX-License-Identifier: Apache-2.0
// The objects that a program starts with. Those that come later:
// late_objects.cc.
#include "loader/session.h"

#include <sys/syscall.h>

#include "base/text_writer.h"
#include "keeper/client.h"
#include "loader/at_exit.h"
#include "loader/decisions.h"
#include "loader/object_seal.h"
#include "loader/passes.h"
#include "loader/relro_copy.h"
#include "loader/selection.h"
#include "loader/settings.h"
#include "loader/slots.h"
#include "loader/start_stack.h"
#include "loader/state.h"
#include "seal/on_violation.h"
#include "sys/auxiliary_vector.h"
#include "sys/memory.h"
#include "sys/seccomp_state.h"
#include "sys/syscall.h"
#include "sys/vvar.h"

namespace memseal::loader {

constinit State state;

namespace {

bool runs_in_valgrind(LinkMap *head) {
  for (LinkMap *map = head; map != nullptr; map = map->l_next) {
    if (path_of(*map).find("/vgpreload_core") != std::string_view::npos)
      return true;
  }
  return false;
}

/// These sanitizers put their own memory where the fence would be.
/// Source: compiler-rt, lib/tsan/rtl/tsan_platform.h, lib/msan/msan.h.
bool has_fixed_layout(LinkMap *head) {
  for (LinkMap *map = head; map != nullptr; map = map->l_next) {
    if (map != head && path_of(*map).find("/libtsan") == std::string_view::npos)
      continue;
    for (std::string_view name : {"__tsan_init", "__msan_init"}) {
      if (find_symbol(*map, name) != nullptr)
        return true;
    }
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

/// Under a filter of somebody else, which may kill for what follows, a child
/// goes first. A keeper's is ours.
AvailableEngines find_engines() {
  AvailableEngines there;
  if (!state.seccomp.none()) {
    const keeper::KeeperHere here = keeper::announce_image();
    const keeper::Presence presence = here.presence;
    decided.zone = here.zone;
    // In what `memseal trace` started seals are noted and not enforced.
    there.keeper = presence == keeper::Presence::enforces ||
                   (presence == keeper::Presence::watches &&
                    decided.options.on_violation == OnViolation::permit);
    if (presence == keeper::Presence::none || state.seccomp.filters != 1) {
      there.mseal = sys::try_mseal_in_child();
      return there;
    }
  }
  if (sys::has_mseal())
    there.mseal = sys::MsealTrial::works;
  return there;
}

Reason find_obstacle(LinkMap *head, Start start) {
  if (runs_in_valgrind(head))
    return Reason::emulated;
  state.seccomp = start == Start::unfiltered ? sys::SeccompState{.mode = 0}
                                             : sys::seccomp_state();
  AvailableEngines there = find_engines();
  if (there.mseal == sys::MsealTrial::deadly)
    return Reason::seccomp;
  EngineChoice choice = choose_engine(decided.options, there);
  decided.engine = choice.engine;
  return choice.obstacle;
}

/// Not under a filter of somebody else, which may kill for mremap(2).
bool may_move_memory() {
  return decided.obstacle == Reason::none &&
         (state.seccomp.none() ||
          (decided.engine.has(Engine::keeper) && state.seccomp.filters == 1));
}

/// Where only mseal(2) would let advice discard RELRO, or it and a keeper.
bool may_move_relro() {
  return may_move_memory() && decided.options.relro == RelroMemory::anonymous &&
         decided.engine.has(Engine::native) &&
         !decided.engine.has(Engine::filter);
}

/// Stubs that are not sealed could be pointed elsewhere.
bool may_move_slots() {
  return may_move_memory() && decided.options.slots == Slots::seal &&
         decided.options.segments.text;
}

void handle_initial(const Image &image, Pass pass, const Result<void> &sealed) {
  Reason reason = is_selected(image) ? decided.obstacle : Reason::not_selected;
  if (reason == Reason::none)
    handle(image, pass, sealed);
  else if (pass == Pass::seal || pass == Pass::conclude)
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
  for (LinkMap *map = decided.head; map != nullptr; map = map->l_next) {
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
  if (decided.vvar)
    handle_initial({nullptr, "[vvar]", MappedBy::kernel, decided.vvar}, pass,
                   sealed);
  LinkMap map = unlisted(module.begin, module.dynamic);
  handle_initial({&map, module.name, MappedBy::loader}, pass, sealed);
}

/// Before anything is sealed: a keeper would take some of the advice for an
/// attack on what is. Where a filter is on, only calls that ld.so makes, too.
std::optional<PageRange> find_vvar() {
  Address vdso = sys::auxiliary_value(AT_SYSINFO_EHDR);
  if (vdso == 0)
    return std::nullopt;
  return sys::find_vvar(vdso, state.seccomp.mode > 0
                                  ? sys::VvarSearch::by_maps
                                  : sys::VvarSearch::by_advice);
}

/// A program of which nothing is sealed is not passed over in silence. What the
/// launcher has said already it does not let us say again.
void tell_if_nothing_is_sealed() {
  Outcome why = decided.obstacle != Reason::none
                    ? Outcome{.reason = decided.obstacle}
                    : state.first_shortfall;
  if (decided.options.launched != sys::call(SYS_getpid).raw ||
      state.sealed_something || !why.falls_short() ||
      !decided.options.report.empty())
    return;
  static char text[8 * 1024];
  TextWriter out(text);
  out.text("'").printable(image_of(*decided.head).name);
  tell(out.text("' runs unsealed: ").text(sentence(why)).view());
}

/// `decided` says that it cannot be written to; nothing is sealed, now or
/// later.
void remain_undecided(char **environment) {
  std::string_view options =
      variable(environment, options_variable).value_or(std::string_view());
  if (sys::auxiliary_value(AT_SECURE) == 0 &&
      options.find("require") != std::string_view::npos)
    give_up("nothing is sealed: ",
            report::sentence(Outcome{.reason = Reason::module_locked}));
  tell(
      "nothing is sealed: the kernel does not let the module write to its own "
      "memory");
}

}  // namespace

void start_ends() {
  fill_holes(decided.fence);
}

bool initial_objects_sealed() {
  return state.started;
}

void take_auditors(LinkMap *head, const Module &module,
                   const void *own_activity) {
  if (!open_decisions(module.begin))
    return;
  decided.auditors_open = Reason::auditors_not_found;
  for (LinkMap *map = head->l_next; map != nullptr; map = map->l_next) {
    AuditorList *list =
        find_auditor_list(find_variable(*map, "_rtld_global_ro"), own_activity);
    if (list == nullptr)
      continue;
    move_auditors(*list, decided.auditors);
    decided.auditors_open = Reason::none;
    return;
  }
}

void seal_initial_objects(LinkMap *head, char **environment,
                          const Module &module) {
  state.started = true;
  if (environment == nullptr)
    environment = find_environment(head);
  if (!open_decisions(module.begin))
    return remain_undecided(environment);
  decided.head = head;
  decided.options = read_options(environment);
  decided.obstacle = find_obstacle(head, take_claim(environment));

  if (decided.obstacle == Reason::none && decided.zone.exists() &&
      decided.engine.has(Engine::keeper) && !has_fixed_layout(head))
    decided.fence = put_up_fence(decided.zone.border());
  decided.vvar = find_vvar();
  if (kills_or_traps(decided.options.on_violation))
    set_on_violation(decided.options.on_violation);
  if (decided.options.dlopen == DlopenPolicy::pin)
    decided.dlmopen = find_dlmopen(head);
  decided.moves_relro = may_move_relro();
  decided.moves_slots = may_move_slots();
  if (decided.moves_slots)
    decided.binder = find_binder(head);
  if (decided.options.at_exit == AtExit::check)
    find_what_exit_uses(head);
  close_decisions();
  if (decided.obstacle == Reason::none && decided.auditors_open != Reason::none)
    leave_segment(module.name, "auditors", decided.auditors_open);
  begin_slots_batch();
  if (decided.moves_slots)
    go_through_initial(module, Pass::take_slots, {});
  SealPass pass;
  if (decided.moves_slots)
    seal_slots();
  if (!decided.engine.has(Engine::filter) || decided.obstacle != Reason::none) {
    begin_relro_batch();
    if (decided.moves_relro) {
      go_through_initial(module, Pass::note_relro, {});
      static_cast<void>(move_relro());  // the report tells what was not
    }
    go_through_initial(module, Pass::seal, {});
  } else {
    go_through_initial(module, Pass::collect, {});
    go_through_initial(module, Pass::conclude, commit_requests());
  }

  tell_if_nothing_is_sealed();
  tell_unmatched_patterns();

  // An filter with addresses would meet itself in a child: docs/exec.md.
  if ((decided.options.inheritance == Inheritance::children_unsealed ||
       wants_own_filters(decided.options)) &&
      sys::auxiliary_value(AT_SECURE) == 0)
    forget_memseal(environment, file_mapped_at(module.begin));
}

}  // namespace memseal::loader
