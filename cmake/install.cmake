# Installation: headers, library, pkg-config files and CMake package.

include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/await)

set(libraries await await_core await_names await_http)
if(have_tls)
	list(APPEND libraries await_tls)
endif()
install(TARGETS ${libraries} EXPORT await_targets
	ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
	LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
	FILES_MATCHING PATTERN "*.h")
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(EXPORT await_targets NAMESPACE await:: DESTINATION ${package_dir})

configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/await-config.cmake.in
	${CMAKE_BINARY_DIR}/await-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/await-config-version.cmake
	COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/await-config.cmake ${CMAKE_BINARY_DIR}/await-config-version.cmake
	DESTINATION ${package_dir})

# The prefix may be chosen as late as `cmake --install --prefix`, so await.pc finds its own place.
file(RELATIVE_PATH pc_up ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pc_up ${pc_up})
# A static library leaves its own needs to the program; a shared one brings them.
set(pc_names "-Wl,--undefined=async_names_library_ -lawait-names")
set(pc_names_private "")
if(BUILD_SHARED_LIBS)
	set(pc_names "-Wl,--push-state,--no-as-needed -lawait-names -Wl,--pop-state")
	if(names_have_cares)
		set(pc_names_private "-lcares")
	endif()
elseif(names_have_cares)
	string(APPEND pc_names " -lcares")
endif()
# The TLS library and what it needs are linked only where something of them is used.
set(pc_tls "")
if(have_tls AND BUILD_SHARED_LIBS)
	set(pc_tls "-Wl,--push-state,--as-needed,-lawait-tls,--pop-state")
	string(APPEND pc_names_private " -lssl -lcrypto")
elseif(have_tls)
	set(pc_tls "-lawait-tls -Wl,--push-state,--as-needed,-lssl,-lcrypto,--pop-state")
endif()
# The HTTP library and what it needs are linked only where something of them is used.
if(BUILD_SHARED_LIBS)
	set(pc_http "-Wl,--push-state,--as-needed,-lawait-http,--pop-state")
	string(REPLACE ";" " " http_private "${http_library_names}")
	string(APPEND pc_names_private " ${http_private}")
else()
	set(pc_http "-lawait-http")
	if(http_libraries)
		string(APPEND pc_http " -Wl,--push-state,--as-needed,${http_link_names},--pop-state")
	endif()
endif()
foreach(pc await await-core)
	configure_file(${CMAKE_SOURCE_DIR}/cmake/${pc}.pc.in ${CMAKE_BINARY_DIR}/${pc}.pc @ONLY)
	install(FILES ${CMAKE_BINARY_DIR}/${pc}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
