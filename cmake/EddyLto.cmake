# SPDX-License-Identifier: MIT
# Link-time optimisation, done before anybody links: the objects are optimised as a whole and written
# as one ordinary object, which makes both libraries. So libeddy.a holds no compiler's bytecode, and
# any compiler, with or without -flto, can link it; and the optimiser runs once for each build, not
# once for each program. gcc does that (-flinker-output=nolto-rel); clang's libraries are made of
# the plain objects. Sets eddy_parts, what the libraries are made of.
include(CheckIPOSupported)

set(eddy_parts $<TARGET_OBJECTS:eddy_objects>)
if(NOT EDDY_LTO OR EDDY_SANITIZE OR CMAKE_C_FLAGS MATCHES "-fsanitize|-fno-lto"
        OR NOT CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo|MinSizeRel)$"
        OR NOT CMAKE_C_COMPILER_ID STREQUAL "GNU" OR CMAKE_C_COMPILER_VERSION VERSION_LESS 9)
    return()
endif()
check_ipo_supported(RESULT lto_works OUTPUT lto_output LANGUAGES C)
if(NOT lto_works)
    message(STATUS "eddy: no link-time optimisation here: ${lto_output}")
    return()
endif()

set(eddy_parts ${CMAKE_CURRENT_BINARY_DIR}/eddy-whole.o)
string(TOUPPER ${CMAKE_BUILD_TYPE} type)
separate_arguments(flags UNIX_COMMAND "${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${type}}")
if(EDDY_HAS_STORES)
    list(APPEND flags ${eddy_stores})
endif()
target_compile_options(eddy_objects PRIVATE -flto)
add_custom_command(OUTPUT ${eddy_parts}
    COMMAND ${CMAKE_C_COMPILER} ${flags} -fPIC -r -flto=auto -flinker-output=nolto-rel
        -o ${eddy_parts} $<TARGET_OBJECTS:eddy_objects>
    DEPENDS eddy_objects $<TARGET_OBJECTS:eddy_objects>
    COMMENT "Optimising the whole of eddy" COMMAND_EXPAND_LISTS VERBATIM)
# Two libraries use the file; only one target may make it.
add_custom_target(eddy_whole DEPENDS ${eddy_parts})
