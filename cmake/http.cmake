# libawait-http: URLs and HTTP, a library of its own so that the core depends on nothing. It uses
# exported symbols of the core only. Made like the core: its objects stay apart, so that a program
# pays for what it calls, and libidn2 is linked where one that needs it is.
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
target_compile_definitions(await_http_objects PRIVATE _GNU_SOURCE)
target_include_directories(await_http_objects
	PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
if(http_have_idn2)
	target_include_directories(await_http_objects SYSTEM PRIVATE ${IDN2_INCLUDE_DIR})
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
	target_compile_options(await_http_objects PRIVATE -mno-red-zone)
endif()

if(BUILD_SHARED_LIBS)
	add_library(await_http SHARED $<TARGET_OBJECTS:await_http_objects>)
	set_target_properties(await_http PROPERTIES
		VERSION ${PROJECT_VERSION}
		SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
elseif(CMAKE_OBJCOPY AND CMAKE_NM)
	set(archived_http)
	foreach(source ${http_sources})
		get_filename_component(name ${source} NAME_WE)
		list(APPEND archived_http ${CMAKE_BINARY_DIR}/archive-http/http_${name}.o)
	endforeach()
	# Another prefix than the core's: both may have an internal function of the same name.
	add_custom_command(OUTPUT ${archived_http}
		COMMAND sh ${CMAKE_SOURCE_DIR}/cmake/archive.sh ${CMAKE_NM} ${CMAKE_OBJCOPY}
			${CMAKE_BINARY_DIR}/archive-http await_private_http_
			$<TARGET_OBJECTS:await_http_objects>
		DEPENDS await_http_objects $<TARGET_OBJECTS:await_http_objects>
			${CMAKE_SOURCE_DIR}/cmake/archive.sh
		COMMAND_EXPAND_LISTS VERBATIM
		COMMENT "Giving internal symbols of the HTTP library names of their own")
	add_library(await_http STATIC ${archived_http})
	set_target_properties(await_http PROPERTIES LINKER_LANGUAGE C)
	set_source_files_properties(${archived_http} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
else()
	add_library(await_http STATIC $<TARGET_OBJECTS:await_http_objects>)
endif()
set_target_properties(await_http PROPERTIES OUTPUT_NAME await-http EXPORT_NAME http)
target_link_libraries(await_http PUBLIC await_core)
# A library that nobody needs is not linked. In one word, which CMake neither moves nor tears apart, and
# with libidn2 by name, not by this machine's path: the package may be used on another.
if(BUILD_SHARED_LIBS)
	if(http_have_idn2)
		target_link_libraries(await_http PRIVATE $<BUILD_INTERFACE:${IDN2_LIBRARY}>)
	endif()
	target_link_libraries(await INTERFACE
		"-Wl,--push-state,--as-needed" await_http "-Wl,--pop-state")
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
