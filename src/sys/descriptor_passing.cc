// SPDX-License-Identifier: Apache-2.0
#include "sys/descriptor_passing.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

#include "sys/syscall.h"

namespace memseal::sys {
namespace {

/// One byte, and room for one descriptor.
struct Message {
  unsigned char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};

  Message() {
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = space;
    header.msg_controllen = sizeof space;
  }
  Message(const Message &) = delete;
  Message &operator=(const Message &) = delete;

  cmsghdr *control() { return reinterpret_cast<cmsghdr *>(space); }

  bool exchange(long number, int channel, int flags) {
    ReturnValue size;
    do
      size = call(number, channel, &header, flags);
    while (size.error() == EINTR);
    return size.raw == 1;
  }
};

}  // namespace

bool send_descriptor(int channel, int descriptor, unsigned char byte) {
  Message message;
  message.byte = byte;
  message.control()->cmsg_level = SOL_SOCKET;
  message.control()->cmsg_type = SCM_RIGHTS;
  message.control()->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(message.control()), &descriptor, sizeof descriptor);
  return message.exchange(SYS_sendmsg, channel, MSG_NOSIGNAL);
}

int receive_descriptor(int channel, unsigned char *byte) {
  Message message;
  if (!message.exchange(SYS_recvmsg, channel, MSG_CMSG_CLOEXEC) ||
      message.header.msg_controllen < CMSG_LEN(sizeof(int)) ||
      message.control()->cmsg_type != SCM_RIGHTS)
    return -1;
  int descriptor;
  std::memcpy(&descriptor, CMSG_DATA(message.control()), sizeof descriptor);
  if (byte != nullptr)
    *byte = message.byte;
  return descriptor;
}

}  // namespace memseal::sys
