# The library, in two shapes made of the same objects:
#
# await_core      what users get, libawait (cmake/archive.cmake).
# await_internal  the plain archive, for the tests, which call internal functions too.

file(GLOB_RECURSE library_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*.c)
# Libraries of their own: cmake/names.cmake, cmake/tls.cmake, cmake/http.cmake.
list(FILTER library_sources EXCLUDE REGEX "/src/(names|tls|url|http|server|client)/")
if(NOT library_sources)
	message(FATAL_ERROR "no sources under src/")
endif()

add_library(await_objects OBJECT ${library_sources})
target_include_directories(await_objects
	PUBLIC ${CMAKE_SOURCE_DIR}/include
	PRIVATE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(await_objects PRIVATE _GNU_SOURCE LIBAWAIT_VERSION="${PROJECT_VERSION}")
# Words read in pairs right after they were written one by one stall the store buffer: 25 ns in the middle of starting a
# task.
target_compile_options(await_objects PRIVATE -fno-tree-slp-vectorize)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
	# Another stack may be entered by a push onto it: nothing may lie below its stack pointer.
	target_compile_options(await_objects PRIVATE -mno-red-zone)
endif()
target_link_libraries(await_objects PUBLIC Threads::Threads)

await_add_library(await_core await_objects await_private_ ${CMAKE_BINARY_DIR}/archive)
target_include_directories(await_core PUBLIC
	$<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
	$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(await_core PUBLIC Threads::Threads)
set_target_properties(await_core PROPERTIES OUTPUT_NAME await EXPORT_NAME core)
add_library(await::core ALIAS await_core)

if(NOT BUILD_SHARED_LIBS)
	add_library(await_internal STATIC $<TARGET_OBJECTS:await_objects>)
	target_include_directories(await_internal
		PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
	target_link_libraries(await_internal PUBLIC Threads::Threads)
endif()
