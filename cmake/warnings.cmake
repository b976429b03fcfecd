# SPDX-License-Identifier: Apache-2.0
add_library(memseal_warnings INTERFACE)
target_compile_options(
  memseal_warnings
  INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
            $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>)
# clang 16 hides libstdc++ 12's std::expected unless it claims newer concepts;
# older ones cannot compile it for types with a destructor (P0848).
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(
    memseal_warnings
    INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-D__cpp_concepts=202002L
              -Wno-builtin-macro-redefined -Wno-macro-redefined>)
endif()
