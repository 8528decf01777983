# libawait-http: URLs and HTTP, a library of its own so that the core depends on nothing. It uses
# exported symbols of the core only; libidn2 is linked where a program uses what needs it.
#
# await::http    libawait-http, with libidn2 where it was found; else hosts are ASCII
# await::await   includes it

find_path(IDN2_INCLUDE_DIR idn2.h)
find_library(IDN2_LIBRARY NAMES idn2)
file(GLOB http_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/http/*.c)
if(IDN2_INCLUDE_DIR AND IDN2_LIBRARY)
	set(http_have_idn2 TRUE)
	list(FILTER http_sources EXCLUDE REGEX "/url_noidna\\.c$")
else()
	set(http_have_idn2 FALSE)
	message(STATUS "No libidn2 (libidn2-dev): URLs with hosts beyond ASCII are refused")
	list(FILTER http_sources EXCLUDE REGEX "/url_idna\\.c$")
endif()

add_library(await_http_objects OBJECT ${http_sources})
await_library_flags(await_http_objects)
if(http_have_idn2)
	target_include_directories(await_http_objects SYSTEM PRIVATE ${IDN2_INCLUDE_DIR})
endif()

await_add_library(await_http await_http_objects await_private_http_ ${CMAKE_BINARY_DIR}/archive-http)
set_target_properties(await_http PROPERTIES OUTPUT_NAME await-http EXPORT_NAME http)
target_link_libraries(await_http PUBLIC await_core)
# A library that nobody needs is not linked. In one word, which CMake neither moves nor tears apart, and
# with libidn2 by name, not by this machine's path: the package may be used on another.
if(BUILD_SHARED_LIBS)
	if(http_have_idn2)
		target_link_libraries(await_http PRIVATE $<BUILD_INTERFACE:${IDN2_LIBRARY}>)
	endif()
	set(optional await_http)
	if(have_tls)
		list(APPEND optional await_tls)
	endif()
	target_link_libraries(await INTERFACE
		"-Wl,--push-state,--as-needed" ${optional} "-Wl,--pop-state")
else()
	if(http_have_idn2)
		target_link_libraries(await_http INTERFACE
			"$<BUILD_INTERFACE:-Wl,--push-state,--as-needed,${IDN2_LIBRARY},--pop-state>"
			"$<INSTALL_INTERFACE:-Wl,--push-state,--as-needed,-lidn2,--pop-state>")
	endif()
	target_link_libraries(await INTERFACE await_http)
endif()
add_library(await::http ALIAS await_http)

if(NOT BUILD_SHARED_LIBS)
	add_library(await_http_internal STATIC $<TARGET_OBJECTS:await_http_objects>)
	target_link_libraries(await_http_internal PUBLIC await_internal)
	if(http_have_idn2)
		target_link_libraries(await_http_internal PUBLIC ${IDN2_LIBRARY})
	endif()
endif()
