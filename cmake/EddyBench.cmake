# SPDX-License-Identifier: MIT
# The programs of bench/ that have folders of their own: build/release/bench/load and so on. Those of
# eddy's peers are built by bench/servers/build.mk and tools/bench_compose, as they need what a build of
# eddy does not.

# eddy_bench(name files...): a program; those with eddy in their name are linked to it.
function(eddy_bench name)
    set(target bench_${name})
    add_executable(${target} ${ARGN})
    eddy_flags(${target})
    target_include_directories(${target} PRIVATE bench)
    target_link_libraries(${target} PRIVATE Threads::Threads)
    if(name MATCHES "eddy")
        target_link_libraries(${target} PRIVATE eddy_static)
    endif()
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
endfunction()

file(GLOB load CONFIGURE_DEPENDS bench/load/*.c)
eddy_bench(load ${load})
file(GLOB micro CONFIGURE_DEPENDS bench/micro/eddy*.c bench/micro/micro*.c)
eddy_bench(micro_eddy ${micro})
file(GLOB growth CONFIGURE_DEPENDS bench/growth/*.c)
eddy_bench(growth_eddy ${growth})

# These stand in for malloc(3), as the sanitizers do: not with both.
if(NOT EDDY_SANITIZE)
    file(GLOB compose CONFIGURE_DEPENDS bench/compose/*.c)
    eddy_bench(compose_eddy ${compose})
    target_compile_options(bench_compose_eddy PRIVATE -fno-builtin-malloc)
    file(GLOB gate CONFIGURE_DEPENDS bench/gate/*.c)
    eddy_bench(gate_eddy ${gate} bench/compose/heap.c bench/compose/measure.c)
    target_compile_options(bench_gate_eddy PRIVATE -fno-builtin-malloc)
    target_compile_definitions(bench_gate_eddy PRIVATE GATE_BUILD="${CMAKE_BUILD_TYPE}")
endif()
