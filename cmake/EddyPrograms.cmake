# SPDX-License-Identifier: MIT
# Every examples/*.c, examples/guide/*.c, examples/styles/*.c and bench/*.c is one program, found at
# the same path below the build folder: build/release/examples/echo, .../examples/guide/handle,
# .../bench/srv_eddy.

# eddy_programs(folder prefix): one program for each C file of the folder; the targets are
# added to the list eddy_programs.
function(eddy_programs folder prefix)
    file(GLOB files CONFIGURE_DEPENDS ${folder}/*.c)
    foreach(file ${files})
        get_filename_component(name ${file} NAME_WE)
        set(target ${prefix}_${name})
        add_executable(${target} ${file})
        eddy_flags(${target})
        target_link_libraries(${target} PRIVATE eddy_static Threads::Threads)
        set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
            RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${folder})
        list(APPEND eddy_programs ${target})
    endforeach()
    set(eddy_programs ${eddy_programs} PARENT_SCOPE)
endfunction()

if(EDDY_BUILD_EXAMPLES)
    eddy_programs(examples example)
    eddy_programs(examples/guide guide)
    eddy_programs(examples/styles styles)
endif()
if(EDDY_BUILD_BENCH)
    eddy_programs(bench bench)
    include(cmake/EddyBench.cmake)
endif()
