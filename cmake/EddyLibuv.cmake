# SPDX-License-Identifier: MIT
# examples/libuv/*.c: programs that live with libuv in one loop; built where pkg-config finds it. Found
# at build/release/examples/libuv/NAME.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
    pkg_check_modules(EDDY_LIBUV QUIET IMPORTED_TARGET libuv)
endif()
if(NOT EDDY_LIBUV_FOUND)
    message(STATUS "libuv (libuv1-dev) is not found: examples/libuv is left out")
    return()
endif()
eddy_programs(examples/libuv libuv)
file(GLOB files CONFIGURE_DEPENDS examples/libuv/*.c)
foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    target_link_libraries(libuv_${name} PRIVATE PkgConfig::EDDY_LIBUV)
endforeach()
