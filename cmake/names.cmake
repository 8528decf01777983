# libawait-names: the resolver, a library of its own so that the core depends on nothing. Made like
# the core: one object whose hidden symbols are local. With c-ares where it is found, else with the
# system's resolver alone.
#
# await::core    libawait: tasks, sockets, everything else; no dependency
# await::names   libawait-names: only what follows from it
# await::await   these and await::http (cmake/http.cmake), what programs link

find_path(CARES_INCLUDE_DIR ares.h)
find_library(CARES_LIBRARY NAMES cares)
file(GLOB names_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/names/*.c)
if(CARES_INCLUDE_DIR AND CARES_LIBRARY)
	set(names_have_cares TRUE)
	list(FILTER names_sources EXCLUDE REGEX "/nodns\\.c$")
else()
	set(names_have_cares FALSE)
	message(STATUS "No c-ares (libc-ares-dev): names are looked up by the system's resolver alone")
	list(FILTER names_sources EXCLUDE REGEX "/(dns|query)\\.c$")
endif()

function(await_names_flags target)
	target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
	target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
	if(names_have_cares)
		target_include_directories(${target} SYSTEM PRIVATE ${CARES_INCLUDE_DIR})
	endif()
	if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
		target_compile_options(${target} PRIVATE -mno-red-zone)
	endif()
endfunction()

add_library(await_names_objects OBJECT ${names_sources})
await_names_flags(await_names_objects)

if(BUILD_SHARED_LIBS)
	add_library(await_names SHARED $<TARGET_OBJECTS:await_names_objects>)
	set_target_properties(await_names PROPERTIES
		VERSION ${PROJECT_VERSION}
		SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
elseif(CMAKE_OBJCOPY AND CMAKE_LINKER)
	set(merged_names ${CMAKE_BINARY_DIR}/await-names.o)
	add_custom_command(OUTPUT ${merged_names}
		COMMAND ${CMAKE_LINKER} -r -o ${merged_names} $<TARGET_OBJECTS:await_names_objects>
		COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${merged_names}
		DEPENDS await_names_objects $<TARGET_OBJECTS:await_names_objects>
		COMMAND_EXPAND_LISTS VERBATIM
		COMMENT "Making internal symbols of the names library local")
	add_library(await_names STATIC ${merged_names})
	set_target_properties(await_names PROPERTIES LINKER_LANGUAGE C)
	set_source_files_properties(${merged_names} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
else()
	add_library(await_names STATIC $<TARGET_OBJECTS:await_names_objects>)
endif()
set_target_properties(await_names PROPERTIES OUTPUT_NAME await-names EXPORT_NAME names)
target_link_libraries(await_names PUBLIC await_core)
if(names_have_cares)
	# By name, not by this machine's path: the package may be used on another.
	target_link_libraries(await_names PRIVATE $<BUILD_INTERFACE:${CARES_LIBRARY}>
		$<INSTALL_INTERFACE:cares>)
endif()

# Nobody calls the names library, it offers itself: its constructor sets the core's pointer. So the
# linker is told to want it: the object of an archive, or a shared library that nobody refers to.
if(BUILD_SHARED_LIBS)
	set(want_names -Wl,--no-as-needed)
else()
	set(want_names -Wl,--undefined=async_names_library_)
endif()
add_library(await INTERFACE)
target_link_libraries(await INTERFACE await_names await_core)
target_link_options(await INTERFACE ${want_names})
add_library(await::names ALIAS await_names)
add_library(await::await ALIAS await)

if(NOT BUILD_SHARED_LIBS)
	add_library(await_names_internal STATIC $<TARGET_OBJECTS:await_names_objects>)
	target_link_libraries(await_names_internal PUBLIC await_internal)
	target_link_options(await_names_internal INTERFACE ${want_names})
	if(names_have_cares)
		target_link_libraries(await_names_internal PUBLIC ${CARES_LIBRARY})
	endif()
endif()
