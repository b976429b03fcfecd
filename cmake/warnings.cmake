# SPDX-License-Identifier: Apache-2.0
add_library(memseal_warnings INTERFACE)
target_compile_options(
  memseal_warnings
  INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
            $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>)
# clang 14 hides libstdc++ 12's std::expected unless it claims newer concepts.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION
                                              VERSION_LESS 16)
  target_compile_options(
    memseal_warnings
    INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-D__cpp_concepts=202002L
              -Wno-builtin-macro-redefined -Wno-macro-redefined>)
endif()
