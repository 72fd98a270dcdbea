# SPDX-License-Identifier: MIT
# Every tests/explore/<name>.c is one scenario, a program that tools/explore runs over many seeds:
# build/.../tests/explore/<name>. The target `scenarios` builds all of them, and CTest
# knows a short run of each as explore.<name>. To be included after EddyTests.cmake.

set(eddy_explore_seeds 200 CACHE STRING "Seeds of each scenario that CTest runs")

# Of tasks alone: fast, and made of chance.
set(eddy_explore_many channels compose groups timers)

add_custom_target(scenarios)
file(GLOB files CONFIGURE_DEPENDS tests/explore/*.c)
foreach(file ${files})
    get_filename_component(name ${file} NAME_WE)
    set(target explore_${name})
    add_executable(${target} ${file})
    eddy_flags(${target})
    eddy_quoted(${target} PRIVATE tests examples)
    target_link_libraries(${target} PRIVATE eddy_static Threads::Threads)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/explore)
    add_dependencies(scenarios ${target})
    set(seeds ${eddy_explore_seeds})
    if(name IN_LIST eddy_explore_many)
        math(EXPR seeds "${seeds} * 5")
    endif()
    eddy_register(explore.${name} "" ${EDDY_PYTHON} ${PROJECT_SOURCE_DIR}/tools/explore
        --seeds ${seeds} --jobs 1 $<TARGET_FILE:${target}>)
endforeach()
