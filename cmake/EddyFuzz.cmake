# SPDX-License-Identifier: MIT
# The fuzz programs, built when EDDY_FUZZ is ON, into <build folder>/fuzz; fuzz/run.sh runs them.
# They need clang, whose libFuzzer they are linked with, and a build folder of their own: the
# library's objects are built to tell the fuzzer which way they went. EDDY_SANITIZE says which
# mistakes end a run.
#
#     cmake -B build/fuzz -DEDDY_FUZZ=ON -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug
#         -DCMAKE_C_FLAGS=-O1 -DEDDY_SANITIZE=address,undefined -DEDDY_BUILD_TESTS=OFF ...
#     cmake --build build/fuzz --target eddy_fuzz

if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "EDDY_FUZZ needs clang: -DCMAKE_C_COMPILER=clang")
endif()

target_compile_options(eddy_objects PRIVATE -fsanitize=fuzzer-no-link)

set(eddy_fuzz_program fuzz/ends.c fuzz/make.c fuzz/ops_task.c fuzz/ops_tcp.c fuzz/program.c
    fuzz/run.c)
add_executable(fuzz_addr fuzz/fuzz_addr.c)
add_executable(fuzz_codec fuzz/fuzz_codec.c)
add_executable(fuzz_resp fuzz/fuzz_resp.c)
add_executable(fuzz_loop fuzz/fuzz_loop.c ${eddy_fuzz_program})
add_executable(fuzz_compare fuzz/fuzz_compare.c ${eddy_fuzz_program})
add_custom_target(eddy_fuzz DEPENDS fuzz_addr fuzz_codec fuzz_resp fuzz_loop fuzz_compare)

foreach(program fuzz_addr fuzz_codec fuzz_resp fuzz_loop fuzz_compare)
    eddy_flags(${program})
    target_link_libraries(${program} PRIVATE eddy_static Threads::Threads)
    set_target_properties(${program} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
endforeach()

# What the interpreter does with the bytes is part of the way, too. The comparer has its own main().
# Its link needs the hooks that the library's objects call, but nothing of the fuzzer: -no-link.
foreach(program fuzz_addr fuzz_codec fuzz_resp fuzz_loop)
    target_compile_options(${program} PRIVATE -fsanitize=fuzzer)
    target_link_options(${program} PRIVATE -fsanitize=fuzzer)
endforeach()
target_link_options(fuzz_compare PRIVATE -fsanitize=fuzzer-no-link)
