# libawait-names: the resolver, a library of its own so that the core depends on nothing. With c-ares
# where it is found, else with the system's resolver alone.
#
# await::core    libawait: tasks, sockets, everything else; no dependency
# await::names   libawait-names: only what follows from it
# await::await   these, await::tls and await::http, what programs link

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

add_library(await_names_objects OBJECT ${names_sources})
await_library_flags(await_names_objects)
if(names_have_cares)
	target_include_directories(await_names_objects SYSTEM PRIVATE ${CARES_INCLUDE_DIR})
endif()

await_add_library(await_names await_names_objects await_private_names_
	${CMAKE_BINARY_DIR}/archive-names)
set_target_properties(await_names PROPERTIES OUTPUT_NAME await-names EXPORT_NAME names)
target_link_libraries(await_names PUBLIC await_core)
if(names_have_cares)
	# By name, not by this machine's path: the package may be used on another.
	target_link_libraries(await_names PRIVATE $<BUILD_INTERFACE:${CARES_LIBRARY}>
		$<INSTALL_INTERFACE:cares>)
endif()

# Nobody calls the names library, it offers itself: its constructor sets the core's pointer. So the
# linker is told to want it: the object of the archive, or a shared library that nobody refers to.
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
