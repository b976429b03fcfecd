// SPDX-License-Identifier: Apache-2.0
// All services of a machine at once: `memseal enable --system`.
//
// Three ways would do. ld.so.preload reaches everything, set-user-ID programs
// and the rescue shell too: a module that is broken then locks root out. The
// environment of logins (pam_env, environment.d) reaches no service. A drop-in
// for all services (systemd.unit(5): service.d/) reaches what runs unattended,
// and systemd starts without it. So it is that; and the units by which root
// comes back in are left out, by a drop-in of their own that unsets what it
// sets: UnsetEnvironment= is applied last (systemd.exec(5)).
#pragma once

#include <string>
#include <vector>

#include "policy/policy_file.h"
#include "process/refusal.h"
#include "service/root.h"

namespace memseal::service {

/// "/etc/systemd/system/service.d/50-memseal.conf"
std::string system_drop_in();

/// The units that stay as they are: consoles, rescue, what starts the others.
const std::vector<std::string> &ways_back();
std::string way_back_drop_in(const std::string &unit);

/// The text of the drop-in for all services.
///
/// Errors:  unsuitable: the policy needs a process beside each service, or a
///          tracer.
Refusable<std::string, process::Refusal> system_text(
    const Root &root, const policy::Policy &policy,
    const std::string &policy_file);
std::string way_back_text();

/// All drop-ins of memseal's, as paths without the root; sorted.
std::vector<std::string> drop_ins(const Root &root);

}  // namespace memseal::service
