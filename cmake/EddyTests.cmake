# SPDX-License-Identifier: MIT
# Every tests/<layer>/test_<name>.c is one program with cmocka, every tests/<layer>/test_<name>.py
# one script. CTest knows them as <layer>.<name>. A comment near the top of the file,
#     /* eddy-test: drivers threads slow */        (# eddy-test: ... in Python)
# says more:
#   drivers  run it once per driver, as <layer>.<name>.<driver>, with EDDY_DRIVER set. The drivers of
#            the kernel; in the layer driver the simulated one, sim, too. Those of the layers driver
#            and net once more as <layer>.<name>.<driver>-bare on the kernel's, with EDDY_TEST_BARE
#            set, which leaves every feature off that a driver can do without (tests/support/bare.h)
#   kernel   with drivers, in the layer driver: what it shows exists on the kernel only, not on sim
#   sim      with drivers: on sim too, in any layer; alone: on sim and nowhere else
#   chance   with sim: once more for each of three seeds, as <layer>.<name>.sim-<seed>, with EDDY_SEED set:
#            what it shows holds whatever is left to chance
#   threads  run it under ThreadSanitizer too (label threads)
#   slow     allow it more time (label slow)
#   alone    no other test may run at the same time
#   long     only where EDDY_LONG_TESTS is on (label long): takes long, or changes the machine
# A test that exits with 77 is skipped, and counted so.

set(eddy_drivers epoll io_uring)
set(eddy_test_words drivers kernel sim chance threads slow alone long)
option(EDDY_LONG_TESTS "Tests that take long, or change the machine for a moment" OFF)

find_program(EDDY_PYTHON python3)
find_path(CMOCKA_INCLUDE_DIR cmocka.h)
find_library(CMOCKA_LIBRARY cmocka)
if(NOT EDDY_PYTHON OR NOT CMOCKA_LIBRARY OR NOT CMOCKA_INCLUDE_DIR)
    message(FATAL_ERROR
        "The tests need python3 and cmocka (libcmocka-dev): run tools/setup.sh check, "
        "or leave them out by -DEDDY_BUILD_TESTS=OFF")
endif()

# All tests of threads and what they need: the only thing a ThreadSanitizer build has to make.
add_custom_target(tests-threads)

add_library(eddy_test_flags INTERFACE)
eddy_quoted(eddy_test_flags INTERFACE tests src)
target_include_directories(eddy_test_flags SYSTEM INTERFACE ${CMOCKA_INCLUDE_DIR})
target_compile_options(eddy_test_flags INTERFACE -UNDEBUG)
target_link_libraries(eddy_test_flags INTERFACE Threads::Threads ${CMOCKA_LIBRARY})

# A test that includes a C file of src/ replaces what the library has of it. One whole object
# (cmake/EddyLto.cmake) cannot be taken apart, so such a test is linked with the plain objects.
if(TARGET eddy_whole)
    target_compile_options(eddy_objects PRIVATE -ffat-lto-objects)
    add_library(eddy_apart STATIC EXCLUDE_FROM_ALL $<TARGET_OBJECTS:eddy_objects>)
    target_include_directories(eddy_apart INTERFACE include)
    target_link_options(eddy_apart INTERFACE -fno-lto)
else()
    add_library(eddy_apart ALIAS eddy_static)
endif()

# eddy_library(file result): the library that the test is linked with.
function(eddy_library file result)
    file(STRINGS ${file} included REGEX "^#include \"[a-z]+/[a-z_]+\\.c\"" LIMIT_COUNT 1)
    if(included)
        set(${result} eddy_apart PARENT_SCOPE)
    else()
        set(${result} eddy_static PARENT_SCOPE)
    endif()
endfunction()

file(GLOB support CONFIGURE_DEPENDS tests/support/*.c)
if(support)
    add_library(eddy_test_support STATIC ${support})
    eddy_flags(eddy_test_support)
    target_include_directories(eddy_test_support PRIVATE include)
    target_link_libraries(eddy_test_support PUBLIC eddy_test_flags)
endif()

# eddy_test_words(file result): the words of the file's marker comment.
function(eddy_test_words file result)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(STRINGS ${file} marker REGEX "^(/\\*|#) eddy-test:" LIMIT_COUNT 1 LIMIT_INPUT 4096)
    string(REGEX REPLACE "^.*eddy-test:|\\*/" "" marker "${marker}")
    string(REGEX MATCHALL "[^ ,]+" words "${marker}")
    foreach(word ${words})
        if(NOT word IN_LIST eddy_test_words)
            message(FATAL_ERROR "${file}: unknown word '${word}' after eddy-test:")
        endif()
    endforeach()
    set(${result} ${words} PARENT_SCOPE)
endfunction()

# eddy_runs(name words result): what the test is run on: drivers, or "default".
function(eddy_runs name words result)
    set(runs "")
    if("kernel" IN_LIST words AND NOT "drivers" IN_LIST words)
        message(FATAL_ERROR "${name}: 'kernel' says more about 'drivers', which is not there")
    endif()
    if("drivers" IN_LIST words)
        set(runs ${eddy_drivers})
        if(name MATCHES "^(driver|net)\\.")
            list(TRANSFORM eddy_drivers APPEND "-bare" OUTPUT_VARIABLE bare)
            list(APPEND runs ${bare})
        endif()
        if(name MATCHES "^driver\\." AND NOT "kernel" IN_LIST words)
            list(APPEND words sim)
        endif()
    endif()
    if("sim" IN_LIST words)
        list(APPEND runs sim)
        if("chance" IN_LIST words)
            list(APPEND runs sim-1 sim-2 sim-3)
        endif()
    endif()
    if(NOT runs)
        set(runs default)
    endif()
    set(${result} ${runs} PARENT_SCOPE)
endfunction()

# eddy_register(name words command...): tell CTest, once or once per driver.
function(eddy_register name words)
    if("long" IN_LIST words AND NOT EDDY_LONG_TESTS)
        return()
    endif()
    set(seconds 40)
    if("slow" IN_LIST words)
        set(seconds 100)
    endif()
    if(EDDY_SANITIZE)
        math(EXPR seconds "${seconds} * 2")
    endif()
    set(labels ${words})
    list(FILTER labels INCLUDE REGEX "threads|slow|long")
    set(environment EDDY_BUILD_DIR=${PROJECT_BINARY_DIR} EDDY_SOURCE_DIR=${PROJECT_SOURCE_DIR}
        EDDY_EXAMPLES_DIR=${PROJECT_BINARY_DIR}/examples EDDY_BENCH_DIR=${PROJECT_BINARY_DIR}/bench)
    if("long" IN_LIST words)
        list(APPEND environment EDDY_TEST_SYSCTL=1)
    endif()
    eddy_runs(${name} "${words}" runs)
    foreach(run ${runs})
        set(test ${name})
        set(more "")
        if(NOT run STREQUAL "default")
            set(test ${name}.${run})
            string(REPLACE "-bare" ";EDDY_TEST_BARE=all" more "EDDY_DRIVER=${run}")
            string(REPLACE "sim-" "sim;EDDY_SEED=" more "${more}")
        endif()
        add_test(NAME ${test} COMMAND ${ARGN})
        set_tests_properties(${test} PROPERTIES TIMEOUT ${seconds} SKIP_RETURN_CODE 77
            LABELS "${labels}" ENVIRONMENT "${environment};${more}")
        if("alone" IN_LIST words)
            set_tests_properties(${test} PROPERTIES RUN_SERIAL TRUE)
        endif()
    endforeach()
endfunction()

file(GLOB files CONFIGURE_DEPENDS tests/*/test_*.c tests/*/test_*.py)
foreach(file ${files})
    file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR}/tests ${file})
    string(REGEX REPLACE "^([^/]+)/test_(.+)\\.(c|py)$" "\\1;\\2;\\3" parts ${path})
    list(GET parts 0 layer)
    list(GET parts 1 name)
    list(GET parts 2 language)
    if(layer STREQUAL "support" OR (layer STREQUAL "tools" AND EDDY_SANITIZE))
        continue() # the tools are scripts: one build tests them
    endif()
    eddy_test_words(${file} words)
    if(language STREQUAL "py")
        eddy_register(${layer}.${name} "${words}" ${EDDY_PYTHON} ${file})
        set(needs ${eddy_programs})
    else()
        set(needs test_${layer}_${name})
        add_executable(${needs} ${file})
        eddy_flags(${needs})
        eddy_library(${file} library)
        if(support)
            target_link_libraries(${needs} PRIVATE eddy_test_support)
        endif()
        target_link_libraries(${needs} PRIVATE eddy_test_flags ${library})
        set_target_properties(${needs} PROPERTIES OUTPUT_NAME test_${name}
            RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/${layer})
        eddy_register(${layer}.${name} "${words}" ${needs})
    endif()
    if("threads" IN_LIST words AND needs)
        add_dependencies(tests-threads ${needs})
    endif()
endforeach()
