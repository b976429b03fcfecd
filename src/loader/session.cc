// SPDX-License-Identifier: Apache-2.0
#include "loader/session.h"

#include <sys/syscall.h>

#include "base/inline_vector.h"
#include "base/text_writer.h"
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
  Engine engine = Engine::native;
  /// Why nothing can be sealed; `none` if it can.
  Reason obstacle = Reason::none;
  sys::SeccompState seccomp;
  LinkMap *head = nullptr;
};
constinit State state;
/// Libraries on their way from being mapped to being sealed.
constinit InlineVector<Pending, 512> pending;

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

Engine engine_of(EngineChoice choice) {
  switch (choice) {
    case EngineChoice::filter:
      return Engine::filter;
    case EngineChoice::strict:
      return Engine::strict;
    case EngineChoice::automatic:
    case EngineChoice::native:
      break;
  }
  return Engine::native;
}

bool runs_in_valgrind(LinkMap *head) {
  for (LinkMap *map = head; map != nullptr; map = map->l_next) {
    if (path_of(*map).find("/vgpreload_core") != std::string_view::npos)
      return true;
  }
  return false;
}

Reason find_obstacle(LinkMap *head) {
  if (runs_in_valgrind(head))
    return Reason::emulated;
  state.seccomp = sys::seccomp_state();
  if (!state.seccomp.none() && !sys::mseal_survives_in_child())
    return Reason::seccomp;
  if (state.engine == Engine::native && !sys::has_mseal())
    return Reason::no_mseal;
  return Reason::none;
}

/// Writes down what became of an object, and stops if that is not enough.
void record(const Image &image, const ObjectOutcome &outcome) {
  if (!state.options.report.empty())
    report(state.options.report, image.name, outcome, state.engine);
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

void seal_or_leave(const Image &image) {
  if (!selects(state.options, image.name))
    return leave(image, Reason::not_selected);
  if (state.obstacle != Reason::none)
    return leave(image, state.obstacle);
  RelroCheck check =
      somebody_reads() ? RelroCheck::ask_kernel : RelroCheck::trust_loader;
  record(image, seal_object(image, state.engine, check));
}

/// Objects that are in no list: this module, and the vdso where the loader does
/// not list it.
void seal_unlisted(Address header, Elf64_Dyn *dynamic, std::string_view name,
                   MappedBy mapped_by) {
  static char no_name[] = "-";
  LinkMap map{.l_addr = header,
              .l_name = no_name,
              .l_ld = dynamic,
              .l_next = nullptr,
              .l_prev = nullptr};
  seal_or_leave({.map = &map, .name = name, .mapped_by = mapped_by});
}

Elf64_Dyn *dynamic_at(Address header) {
  auto headers = elf::read_program_headers(
      {reinterpret_cast<const std::byte *>(header), sys::page_size()});
  if (!headers || !headers->has(PT_DYNAMIC))
    return nullptr;
  return reinterpret_cast<Elf64_Dyn *>(header +
                                       headers->first(PT_DYNAMIC).p_vaddr);
}

// A filter that came since the start was not asked about mseal(2), and asking
// now, with threads running, could end the process.
bool filter_came() {
  return !(sys::seccomp_state() == state.seccomp);
}

Reason late_obstacle(const Image &image) {
  if (state.options.dlopen == DlopenPolicy::skip)
    return Reason::dlopen_skipped;
  if (!selects(state.options, image.name))
    return Reason::not_selected;
  if (state.obstacle != Reason::none)
    return state.obstacle;
  return filter_came() ? Reason::seccomp : Reason::none;
}

enum class Kept : std::uint8_t { by_pinning, by_its_loader };

/// Pins and seals a library that is relocated.
void seal_late(const Pending &item, Kept kept = Kept::by_pinning) {
  Image image = image_of(*item.map);
  Reason reason = late_obstacle(image);
  // What cannot be sealed need not be kept either.
  if (reason == Reason::none && !layout_of(image, sys::page_size()))
    reason = Reason::flawed;  // `leave` finds out how
  if (reason == Reason::none && kept == Kept::by_pinning &&
      state.options.dlopen == DlopenPolicy::pin &&
      !pin(*item.map, item.lmid, state.head))
    reason = Reason::not_pinned;
  if (reason != Reason::none)
    return leave(image, reason);
  record(image, seal_object(image, state.engine, RelroCheck::ask_kernel));
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
/// may call us: take an item out before it is handled.
void seal_pending() {
  while (!pending.empty()) {
    Pending item = pending.back();
    pending.pop_back();
    seal_late(item);
  }
}

bool is_pending(const LinkMap &map) {
  for (const Pending &item : pending) {
    if (item.map == &map)
      return true;
  }
  return false;
}

void take_out(std::size_t i) {
  pending[i] = pending.back();
  pending.pop_back();
}

/// Whether nothing will be sealed late, whatever comes.
bool inert() {
  return state.obstacle != Reason::none ||
         state.options.dlopen == DlopenPolicy::skip;
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
  state.engine = engine_of(state.options.engine);
  state.obstacle = find_obstacle(head);

  bool vdso_listed = false;
  for (LinkMap *map = head; map != nullptr; map = map->l_next) {
    if (map->l_ld == module.dynamic)  // the preload module is in the list
      continue;
    Image image = image_of(*map);
    vdso_listed = vdso_listed || image.name == "[vdso]";
    seal_or_leave(image);
  }
  if (Address vdso = sys::auxiliary_value(AT_SYSINFO_EHDR);
      vdso != 0 && !vdso_listed)
    seal_unlisted(vdso, dynamic_at(vdso), "[vdso]", MappedBy::kernel);
  seal_unlisted(module.begin, module.dynamic, module.name, MappedBy::loader);

  if (state.options.inheritance == Inheritance::children_unsealed &&
      sys::auxiliary_value(AT_SECURE) == 0)
    forget_memseal(environment);
}

void library_opened(LinkMap &map, long lmid) {
  if (inert() && !somebody_reads())
    return;
  if (!pending.push_back({&map, lmid}))
    leave(image_of(map), Reason::table_full);
}

void library_closing(LinkMap &map) {
  cancel_detour(map);
  for (std::size_t i = 0; i < pending.size(); ++i) {
    if (pending[i].map == &map) {
      take_out(i);
      return;
    }
  }
}

void batch_begins() {
  seal_pending();
}

void batch_mapped() {
  if (pending.empty())
    return;
  if (inert() || filter_came())
    return seal_pending();  // that is: record why they are left
  for (std::size_t i = 0; i < pending.size();) {
    Pending item = pending[i];
    Readiness ready = readiness(*item.map);
    if (ready != Readiness::relocated) {
      // Without a constructor it waits for the constructor of another.
      set_detour(*item.map);
      ++i;
      continue;
    }
    take_out(i);
    seal_late(item);
  }
}

void detour_taken(LinkMap &map) {
  if (is_pending(map) || !pending.empty())
    seal_pending();
}

void seal_late_object(LinkMap &map) {
  seal_late({&map, 0}, Kept::by_its_loader);
}

}  // namespace memseal::loader
