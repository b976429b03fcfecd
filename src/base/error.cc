// SPDX-License-Identifier: Apache-2.0
#include "memseal/error.h"

#include <cerrno>

namespace memseal {

int Error::to_errno() const {
  switch (code) {
    case Errc::invalid:
    case Errc::misaligned:
    case Errc::empty:
    case Errc::overflow:
      return EINVAL;
    case Errc::hole:
    case Errc::capacity:
      return ENOMEM;
    case Errc::closed:
      return EACCES;
    case Errc::denied:
      return EPERM;
    case Errc::unsupported:
      return EOPNOTSUPP;
    case Errc::budget:
      return E2BIG;
    case Errc::unsynchronised:
      return EBUSY;
    case Errc::malformed:
      return EBADMSG;
    case Errc::system:
      return sys_errno != 0 ? sys_errno : EIO;
  }
  return EIO;
}

const char *Error::sentence() const {
  switch (code) {
    case Errc::invalid:
      return "an argument is not valid";
    case Errc::misaligned:
      return "an address or size is not a whole number of pages";
    case Errc::empty:
      return "the range holds no page";
    case Errc::overflow:
      return "the range reaches past the end of the address space";
    case Errc::hole:
      return "part of the range is not mapped";
    case Errc::closed:
      return "the range takes no further seal types";
    case Errc::denied:
      return "a seal forbids it";
    case Errc::unsupported:
      return "no engine on this system can enforce it";
    case Errc::budget:
      return "the kernel takes no more filter instructions";
    case Errc::capacity:
      return "a fixed table is full";
    case Errc::unsynchronised:
      return "a thread could not be brought under the seal";
    case Errc::malformed:
      return "the bytes are not what they claim to be";
    case Errc::system:
      return "the kernel refused";
  }
  return "an unknown error";
}

}  // namespace memseal
