# SPDX-License-Identifier: MIT
# addons/curl: the library eddy-curl, its tests and examples/curl/*.c; built where libcurl is found
# (EDDY_BUILD_CURL: AUTO, ON: it must be, OFF). Needs pkg-config.
set(EDDY_BUILD_CURL AUTO CACHE STRING "Build the add-on library eddy-curl: AUTO, ON or OFF")
set_property(CACHE EDDY_BUILD_CURL PROPERTY STRINGS AUTO ON OFF)
if(NOT EDDY_BUILD_CURL)
    return()
endif()
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
    pkg_check_modules(EDDY_LIBCURL QUIET IMPORTED_TARGET libcurl>=7.30)
endif()
if(NOT EDDY_LIBCURL_FOUND)
    if(EDDY_BUILD_CURL STREQUAL "AUTO")
        message(STATUS "libcurl (libcurl4-openssl-dev) is not found: eddy-curl is left out")
        return()
    endif()
    message(FATAL_ERROR "EDDY_BUILD_CURL is on, and libcurl (libcurl4-openssl-dev) is not found")
endif()

file(GLOB curl_sources CONFIGURE_DEPENDS addons/curl/*.c)
add_library(eddy_curl ${curl_sources}) # shared when BUILD_SHARED_LIBS says so, as eddy::eddy is
eddy_flags(eddy_curl)
set_target_properties(eddy_curl PROPERTIES OUTPUT_NAME eddy-curl EXPORT_NAME curl
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
    POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
target_include_directories(eddy_curl PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/addons/curl/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(eddy_curl PUBLIC eddy::eddy PkgConfig::EDDY_LIBCURL)
add_library(eddy::curl ALIAS eddy_curl)

if(EDDY_INSTALL)
    install(TARGETS eddy_curl DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(FILES addons/curl/include/eddy/curl.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/eddy)
    configure_file(cmake/eddy-curl.pc.in eddy-curl.pc @ONLY)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/eddy-curl.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()

if(EDDY_BUILD_EXAMPLES)
    eddy_programs(examples/curl curl)
    file(GLOB curl_examples CONFIGURE_DEPENDS examples/curl/*.c)
    foreach(file ${curl_examples})
        get_filename_component(name ${file} NAME_WE)
        target_link_libraries(curl_${name} PRIVATE eddy_curl)
    endforeach()
endif()

if(EDDY_BUILD_TESTS)
    file(GLOB curl_tests CONFIGURE_DEPENDS addons/curl/tests/test_*.c)
    foreach(file ${curl_tests})
        string(REGEX REPLACE "^.*/test_(.+)\\.c$" "\\1" name ${file})
        eddy_test_words(${file} words)
        add_executable(test_curl_${name} ${file})
        eddy_flags(test_curl_${name})
        target_link_libraries(test_curl_${name} PRIVATE
            eddy_test_support eddy_test_flags eddy_curl eddy_static)
        set_target_properties(test_curl_${name} PROPERTIES OUTPUT_NAME test_${name}
            RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/curl)
        eddy_register(curl.${name} "${words}" test_curl_${name})
    endforeach()
endif()
