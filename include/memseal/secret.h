// SPDX-License-Identifier: Apache-2.0
// Sealed keys from C++17 on: memseal/memseal_secret.h tells what they are.
//
//     auto key = memseal::SealedSecret::create(32);
//     if (!key) return key.error();
//     read_key(key->edit(), key->size());
//     if (auto sealed = key->seal(); !sealed) return sealed.error();
//     sign(key->read(), key->size(), message);
#pragma once

#include <cerrno>
#include <cstddef>
#include <utility>

#include "memseal/error.h"
#include "memseal/memseal_secret.h"

MEMSEAL_NAMESPACE_BEGIN

/// Bytes that are written once and sealed. What is not sealed is wiped when
/// the object ends; what is sealed stays to the end of the process.
class SealedSecret {
public:
  /// Errors: as memseal_secret_create; system EAGAIN, ENOMEM or EPERM:
  /// RLIMIT_MEMLOCK.
  static Result<SealedSecret> create(std::size_t size, unsigned flags = 0) {
    memseal_secret *secret = nullptr;
    if (memseal_secret_create(&secret, size, flags) == 0)
      return SealedSecret(secret, size);
    bool locked = errno == EAGAIN || errno == EPERM;
    return fail(locked ? Error{Errc::system, errno} : Error::from_errno(errno));
  }
  SealedSecret(SealedSecret &&other) noexcept
      : secret_(std::exchange(other.secret_, nullptr)), size_(other.size_) {}
  SealedSecret &operator=(SealedSecret &&other) noexcept {
    std::swap(secret_, other.secret_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~SealedSecret() {
    (void)memseal_secret_free(secret_);  // a sealed one stays
  }

  std::size_t size() const { return size_; }

  /// Where to write the secret; nullptr once it is sealed, wiped or a parent's.
  void *edit() { return memseal_secret_edit(secret_); }

  /// Errors:  wiped; those of mprotect(2) and memseal. It stays open then.
  [[gnu::always_inline]] Result<void> seal(unsigned flags = 0) {
    if (memseal_secret_seal(secret_, flags) == 0)
      return {};
    return fail(Error::from_errno(errno));
  }

  /// The sealed bytes. Errors: not_sealed; wiped, also in a child.
  Result<const void *> read() const {
    if (const void *bytes = memseal_secret_read(secret_))
      return bytes;
    return fail(errno == EAGAIN ? Error{Errc::not_sealed}
                                : Error::from_errno(errno));
  }

  /// Overwrites it and gives it back. Errors: denied: it is sealed.
  Result<void> wipe() {
    if (memseal_secret_wipe(secret_) == 0)
      return {};
    return fail(Error::from_errno(errno));
  }

private:
  SealedSecret(memseal_secret *secret, std::size_t size)
      : secret_(secret), size_(size) {}
  memseal_secret *secret_;
  std::size_t size_;
};

MEMSEAL_NAMESPACE_END
