// SPDX-License-Identifier: Apache-2.0
// memseal/memseal_secret.h over arena/secret.h: errors become errno.
#include <cerrno>

#include "arena/secret.h"
#include "memseal/memseal_secret.h"
#include "seal/engine_flags.h"
#include "seal/seal_sites.h"

namespace memseal {
namespace {

const Secret *from_c(const memseal_secret *secret) {
  return reinterpret_cast<const Secret *>(secret);
}
Secret *from_c(memseal_secret *secret) {
  return reinterpret_cast<Secret *>(secret);
}

int answer(Result<void> outcome) {
  if (outcome)
    return 0;
  errno = outcome.error().to_errno();
  return -1;
}

/// The bytes in this one state, else null and errno.
void *bytes_in(const Secret *secret, Secret::State wanted) {
  auto state = secret != nullptr ? secret->state() : Secret::State::wiped;
  if (state == wanted)
    return secret->bytes();
  if (state == Secret::State::open)
    errno = EAGAIN;
  else
    errno = state == Secret::State::sealed ? EPERM : ESTALE;
  return nullptr;
}

static_assert(MEMSEAL_SECRET_OPEN == static_cast<int>(Secret::State::open));
static_assert(MEMSEAL_SECRET_SEALED == static_cast<int>(Secret::State::sealed));
static_assert(MEMSEAL_SECRET_WIPED == static_cast<int>(Secret::State::wiped));
static_assert(MEMSEAL_SECRET_PARENTS ==
              static_cast<int>(Secret::State::parents));

}  // namespace
}  // namespace memseal

using namespace memseal;

int memseal_secret_create(memseal_secret **secret, size_t size,
                          unsigned flags) {
  if ((flags & ~MEMSEAL_SECRET_MEMFD) != 0)
    return answer(fail(Errc::invalid));
  auto made = Secret::create(size, flags != 0 ? Secret::Backing::memfd_secret
                                              : Secret::Backing::anonymous);
  if (!made)
    return answer(fail(made.error()));
  *secret = reinterpret_cast<memseal_secret *>(*made);
  return 0;
}

void *memseal_secret_edit(memseal_secret *secret) {
  return bytes_in(from_c(secret), Secret::State::open);
}

int memseal_secret_seal(memseal_secret *secret, unsigned flags) {
  if ((flags & ~MEMSEAL_ENGINES) != 0)
    return answer(fail(Errc::invalid));
  if (secret == nullptr)
    return answer(fail(Errc::wiped));
  auto sealed = from_c(secret)->seal(engine_of(flags));
  if (sealed)
    note_seal(from_c(secret)->pages(), SealedThing::secret,
              __builtin_return_address(0));
  return answer(sealed);
}

const void *memseal_secret_read(const memseal_secret *secret) {
  return bytes_in(from_c(secret), Secret::State::sealed);
}

int memseal_secret_wipe(memseal_secret *secret) {
  return secret == nullptr ? 0 : answer(from_c(secret)->wipe());
}

int memseal_secret_free(memseal_secret *secret) {
  return secret == nullptr ? 0 : answer(from_c(secret)->free());
}

int memseal_secret_query(const memseal_secret *secret,
                         memseal_secret_info *info) {
  if (secret == nullptr || info == nullptr ||
      info->info_size < sizeof(memseal_secret_info))
    return answer(fail(Errc::invalid));
  const Secret &one = *from_c(secret);
  *info = {
      .info_size = sizeof(memseal_secret_info),
      .begin = one.bytes(),
      .size = one.size(),
      .state = static_cast<uint32_t>(one.state()),
      .flags = one.backing() == Secret::Backing::memfd_secret
                   ? MEMSEAL_SECRET_MEMFD
                   : 0,
  };
  return 0;
}
