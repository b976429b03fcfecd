// SPDX-License-Identifier: Apache-2.0
// The objects that a program starts with. Those that come later:
// late_objects.cc.
#include "loader/session.h"

#include <sys/syscall.h>

#include "base/text_writer.h"
#include "keeper/client.h"
#include "loader/object_seal.h"
#include "loader/passes.h"
#include "loader/settings.h"
#include "loader/start_stack.h"
#include "loader/state.h"
#include "options/glob.h"
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
    there.keeper = keeper::announce_image();
    if (!there.keeper || state.seccomp.filters != 1) {
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
  EngineChoice choice = choose_engine(state.options, there);
  state.engine = choice.engine;
  return choice.obstacle;
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
  if (state.vvar)
    handle_initial({nullptr, "[vvar]", MappedBy::kernel, state.vvar}, pass,
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
  Outcome why = state.obstacle != Reason::none
                    ? Outcome{.reason = state.obstacle}
                    : state.first_shortfall;
  if (state.options.launched != sys::call(SYS_getpid).raw ||
      state.sealed_something || !why.falls_short() ||
      !state.options.report.empty())
    return;
  static char text[8 * 1024];
  TextWriter out(text);
  out.text("'").printable(image_of(*state.head).name);
  tell(out.text("' runs unsealed: ").text(sentence(why)).view());
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
  state.options = read_options(environment);
  state.obstacle = find_obstacle(head, take_claim(environment));

  state.vvar = find_vvar();
  if (kills_or_traps(state.options.on_violation))
    set_on_violation(state.options.on_violation);
  if (!state.engine.has(Engine::filter) || state.obstacle != Reason::none) {
    go_through_initial(module, Pass::seal, {});
  } else {
    go_through_initial(module, Pass::collect, {});
    go_through_initial(module, Pass::conclude, commit_requests());
  }

  tell_if_nothing_is_sealed();

  // An filter with addresses would meet itself in a child: docs/exec.md.
  if ((state.options.inheritance == Inheritance::children_unsealed ||
       wants_own_filters(state.options)) &&
      sys::auxiliary_value(AT_SECURE) == 0)
    forget_memseal(environment, file_mapped_at(module.begin));
}

}  // namespace memseal::loader
