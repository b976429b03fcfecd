# SPDX-License-Identifier: Apache-2.0
#
# For what reads bytes that hostile processes show, often as root: the tool, the
# keeper in it, and libmemseal-provide.so. Not for the core, whose code may run
# where there is no C library and no thread-local storage. (The linker marks a
# program for control-flow enforcement only if all of it is built for that.)
include(CheckCXXCompilerFlag)
add_library(memseal_hardening INTERFACE)
foreach(flag -fstack-protector-strong -fstack-clash-protection
             -fcf-protection=full -mbranch-protection=standard)
  string(MAKE_C_IDENTIFIER "has${flag}" known)
  check_cxx_compiler_flag(${flag} ${known})
  if(${known})
    target_compile_options(memseal_hardening INTERFACE ${flag})
  endif()
endforeach()
# It needs optimization, and sanitizers do the same better. A build type of its
# own brings the flags of a distribution.
if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize|_FORTIFY_SOURCE")
  target_compile_options(
    memseal_hardening
    INTERFACE
      $<$<CONFIG:RelWithDebInfo,Release,MinSizeRel>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>)
endif()
target_link_options(memseal_hardening INTERFACE -Wl,-z,relro,-z,now
                    -Wl,-z,noexecstack)
