# SPDX-License-Identifier: MIT
# make install: headers, both libraries, eddy.pc, the CMake package, the licence.
include(CMakePackageConfigHelpers)

file(GLOB headers CONFIGURE_DEPENDS include/eddy/*.h)
install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/eddy)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/eddy)
foreach(kind static shared)
    install(TARGETS eddy_${kind} EXPORT eddy-${kind} DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(EXPORT eddy-${kind} NAMESPACE eddy:: FILE eddy-${kind}.cmake
        DESTINATION ${package_dir})
endforeach()
configure_package_config_file(cmake/eddy-config.cmake.in eddy-config.cmake
    INSTALL_DESTINATION ${package_dir})
# Before 1.0 every minor version may change the interface.
write_basic_package_version_file(eddy-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/eddy-config.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/eddy-config-version.cmake DESTINATION ${package_dir})

configure_file(cmake/eddy.pc.in eddy.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/eddy.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
