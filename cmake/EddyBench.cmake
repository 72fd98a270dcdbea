# SPDX-License-Identifier: MIT
# eddy's program of the table of costs (bench/README.md): build/release/bench/compose_eddy. Those of
# its peers are built by tools/bench_compose, as they need what a build of eddy does not. The program
# stands in for malloc(3), as the sanitizers do: not with both.
if(NOT EDDY_SANITIZE)
    file(GLOB files CONFIGURE_DEPENDS bench/compose/*.c)
    add_executable(bench_compose_eddy ${files})
    eddy_flags(bench_compose_eddy)
    target_compile_options(bench_compose_eddy PRIVATE -fno-builtin-malloc)
    target_link_libraries(bench_compose_eddy PRIVATE eddy_static Threads::Threads)
    set_target_properties(bench_compose_eddy PROPERTIES OUTPUT_NAME compose_eddy
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
endif()
