# afetch, the tool: fetches URLs from the shell. It speaks https and writes JSON, so it is built where
# OpenSSL and jansson are. It uses the public headers only, as any program.

option(LIBAWAIT_TOOLS "Build afetch" ON)
if(NOT LIBAWAIT_TOOLS OR NOT have_tls OR NOT http_have_json)
	message(STATUS "Without afetch: it needs OpenSSL (libssl-dev) and jansson (libjansson-dev)")
	return()
endif()

file(GLOB afetch_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tools/afetch/*.c)
list(FILTER afetch_sources EXCLUDE REGEX "/main\\.c$")
# Its parts, for its tests too: an archive, since internal names of the library, which tests see, are
# not kept apart from theirs.
add_library(afetch_parts STATIC ${afetch_sources})
target_compile_definitions(afetch_parts PRIVATE _GNU_SOURCE)
target_include_directories(afetch_parts
	PUBLIC ${CMAKE_SOURCE_DIR}/tools/afetch ${CMAKE_SOURCE_DIR}/include)
target_include_directories(afetch_parts SYSTEM PUBLIC ${JSON_INCLUDE_DIR})
target_link_libraries(afetch_parts INTERFACE ${JSON_jansson_LIBRARY} m)

add_executable(afetch ${CMAKE_SOURCE_DIR}/tools/afetch/main.c)
target_compile_definitions(afetch PRIVATE _GNU_SOURCE)
target_link_libraries(afetch PRIVATE afetch_parts await)
set_target_properties(afetch PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tools)

install(TARGETS afetch RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${CMAKE_SOURCE_DIR}/docs/afetch.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
