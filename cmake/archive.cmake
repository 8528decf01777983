# await_add_library(TARGET OBJECTS PREFIX DIRECTORY): a library made of an object library.
#
# Static: internal names begin with PREFIX, another one for each library, so that they never collide
# with each other's or the program's (cmake/archive.sh). Objects and sections stay separate: a program
# pays for what it calls, here and in the C library.

function(await_add_library target objects prefix directory)
	if(BUILD_SHARED_LIBS)
		add_library(${target} SHARED $<TARGET_OBJECTS:${objects}>)
		set_target_properties(${target} PROPERTIES
			VERSION ${PROJECT_VERSION}
			SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
		return()
	endif()
	if(NOT CMAKE_OBJCOPY OR NOT CMAKE_NM)
		add_library(${target} STATIC $<TARGET_OBJECTS:${objects}>)
		return()
	endif()
	set(archived)
	get_target_property(sources ${objects} SOURCES)
	foreach(source ${sources})
		file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR}/src ${source})
		string(REPLACE / _ name ${name})
		string(REGEX REPLACE "\\.c$" ".o" name ${name})
		list(APPEND archived ${directory}/${name})
	endforeach()
	add_custom_command(OUTPUT ${archived}
		COMMAND sh ${CMAKE_SOURCE_DIR}/cmake/archive.sh ${CMAKE_NM} ${CMAKE_OBJCOPY}
			${directory} ${prefix} $<TARGET_OBJECTS:${objects}>
		DEPENDS ${objects} $<TARGET_OBJECTS:${objects}> ${CMAKE_SOURCE_DIR}/cmake/archive.sh
		COMMAND_EXPAND_LISTS VERBATIM
		COMMENT "Giving internal symbols of ${target} names of their own")
	add_library(${target} STATIC ${archived})
	set_target_properties(${target} PROPERTIES LINKER_LANGUAGE C)
	set_source_files_properties(${archived} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
endfunction()

# await_library_flags(TARGET): what the objects of every library above the core are compiled with.
function(await_library_flags target)
	target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
	target_include_directories(${target}
		PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
	if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
		target_compile_options(${target} PRIVATE -mno-red-zone)
	endif()
endfunction()
