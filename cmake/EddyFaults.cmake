# SPDX-License-Identifier: MIT
# The target `faults`: <build folder>/tests/faults/libinject.so, which tests/faults/run.py preloads
# into the examples and test programs of the same build folder, and so all of these. Linux with
# glibc; in a ThreadSanitizer build it is of no use. CTest does not know the runner: tools/check
# and `make check-long` start it.

file(GLOB faults_sources CONFIGURE_DEPENDS tests/faults/*.c)
add_library(faults_inject SHARED ${faults_sources})
eddy_quoted(faults_inject PRIVATE src)
set_target_properties(faults_inject PROPERTIES
    C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF OUTPUT_NAME inject
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/faults)
target_compile_definitions(faults_inject PRIVATE _GNU_SOURCE)
target_compile_options(faults_inject PRIVATE ${eddy_warnings} $<$<BOOL:${EDDY_WERROR}>:-Werror>)
target_link_libraries(faults_inject PRIVATE Threads::Threads ${CMAKE_DL_LIBS})

get_property(faults_targets DIRECTORY PROPERTY BUILDSYSTEM_TARGETS)
list(FILTER faults_targets INCLUDE REGEX "^(example|guide|styles|curl|libuv|test)_")
add_custom_target(faults DEPENDS faults_inject ${faults_targets})
