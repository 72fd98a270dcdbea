# SPDX-License-Identifier: MIT
# Compiler flags of everything in this tree. Nothing here reaches a program that uses eddy, except
# the sanitizers, which both sides of a link must share.

# gcc clears structs of some hundred bytes by "rep stos", which takes longer to start than the stores.
include(CheckCCompilerFlag)
set(eddy_stores -mmemset-strategy=unrolled_loop:256:noalign,libcall:-1:noalign)
check_c_compiler_flag(${eddy_stores} EDDY_HAS_STORES)

set(eddy_warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
    -Wmissing-prototypes -Wvla)

# eddy_sanitize(target scope): what EDDY_SANITIZE asks for.
function(eddy_sanitize target scope)
    if(EDDY_SANITIZE)
        string(REPLACE ";" "," list "${EDDY_SANITIZE}")
        target_compile_options(${target} ${scope} -fsanitize=${list} -fno-sanitize-recover=all
            -fno-omit-frame-pointer)
        target_link_options(${target} ${scope} -fsanitize=${list})
    endif()
endfunction()

# eddy_flags(target): C11, our warnings, and file names in messages relative to the tree.
function(eddy_flags target)
    set_target_properties(${target} PROPERTIES
        C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
    target_compile_options(${target} PRIVATE -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
    if(EDDY_HAS_STORES)
        target_compile_options(${target} PRIVATE ${eddy_stores})
    endif()
    if(top)
        target_compile_options(${target} PRIVATE ${eddy_warnings})
    endif()
    if(EDDY_WERROR)
        target_compile_options(${target} PRIVATE -Werror)
    endif()
    eddy_sanitize(${target} PRIVATE)
endfunction()

# eddy_quoted(target scope folder...): where #include "..." looks. Not -I: with that, <sys/socket.h>
# would find src/sys/socket.h.
function(eddy_quoted target scope)
    foreach(folder ${ARGN})
        target_compile_options(${target} ${scope} "SHELL:-iquote ${PROJECT_SOURCE_DIR}/${folder}")
    endforeach()
endfunction()
