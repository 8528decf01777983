# The library, in two shapes made of the same objects:
#
# await_core      what users get, libawait. In the static archive internal names begin with await_private_, so
#                 list_push can never collide with a function of the program (cmake/archive.sh).
#                 Objects and sections stay separate: a program pays for what it calls, here and in
#                 the C library.
# await_internal  the plain archive, for the tests, which call internal functions too.

file(GLOB_RECURSE library_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/*.c)
# Libraries of their own: cmake/names.cmake, cmake/http.cmake.
list(FILTER library_sources EXCLUDE REGEX "/src/(names|http)/")
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

if(BUILD_SHARED_LIBS)
	add_library(await_core SHARED $<TARGET_OBJECTS:await_objects>)
	set_target_properties(await_core PROPERTIES
		VERSION ${PROJECT_VERSION}
		SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
elseif(CMAKE_OBJCOPY AND CMAKE_NM)
	set(archived)
	foreach(source ${library_sources})
		file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR}/src ${source})
		string(REPLACE / _ name ${name})
		string(REGEX REPLACE "\\.c$" ".o" name ${name})
		list(APPEND archived ${CMAKE_BINARY_DIR}/archive/${name})
	endforeach()
	add_custom_command(OUTPUT ${archived}
		COMMAND sh ${CMAKE_SOURCE_DIR}/cmake/archive.sh ${CMAKE_NM} ${CMAKE_OBJCOPY}
			${CMAKE_BINARY_DIR}/archive await_private_
			$<TARGET_OBJECTS:await_objects>
		DEPENDS await_objects $<TARGET_OBJECTS:await_objects> ${CMAKE_SOURCE_DIR}/cmake/archive.sh
		COMMAND_EXPAND_LISTS VERBATIM
		COMMENT "Giving internal symbols names of their own")
	add_library(await_core STATIC ${archived})
	set_target_properties(await_core PROPERTIES LINKER_LANGUAGE C)
	set_source_files_properties(${archived} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
else()
	add_library(await_core STATIC $<TARGET_OBJECTS:await_objects>)
endif()
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
