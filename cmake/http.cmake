# libawait-http: URLs and HTTP, a library of its own so that the core depends on nothing. It uses
# exported symbols of the core only. Made like the core: its objects stay apart, so that a program
# pays for what it calls, and each library below is linked where something that needs it is.
#
# await::http    libawait-http, with the libraries below that were found
# await::await   includes it

set(LIBAWAIT_HTTP_WITHOUT "" CACHE STRING
	"What to leave out though it is installed, a list of: idna zlib brotli zstd pcre json psl crypto")

# Each line: word, header, libraries in the order of linking, Debian package, what is missing without
# it. A source file NAME_word.c needs the library, and NAME_noword.c takes its place.
set(http_dependencies
	"idna|idn2.h|idn2|libidn2-dev|URLs with hosts beyond ASCII are refused"
	"zlib|zlib.h|z|zlib1g-dev|no gzip and deflate"
	"brotli|brotli/decode.h|brotlienc brotlidec brotlicommon|libbrotli-dev|no br"
	"zstd|zstd.h|zstd|libzstd-dev|no zstd"
	"pcre|pcre2.h|pcre2-8|libpcre2-dev|no regular expressions in routes"
	"json|jansson.h|jansson|libjansson-dev|no JSON"
	"psl|libpsl.h|psl|libpsl-dev|cookies may be set for public suffixes that have a dot"
	"crypto|openssl/evp.h|crypto|libssl-dev|no digest authentication")

file(GLOB http_sources CONFIGURE_DEPENDS
	${CMAKE_SOURCE_DIR}/src/url/*.c ${CMAKE_SOURCE_DIR}/src/http/*.c
	${CMAKE_SOURCE_DIR}/src/server/*.c ${CMAKE_SOURCE_DIR}/src/client/*.c)
set(http_includes)
set(http_libraries)     # where they lie on this machine
set(http_library_names) # and by name: the package may be used on another
foreach(dependency ${http_dependencies})
	string(REPLACE "|" ";" dependency "${dependency}")
	list(GET dependency 0 word)
	list(GET dependency 1 header)
	list(GET dependency 2 libraries)
	list(GET dependency 3 package)
	list(GET dependency 4 loss)
	string(TOUPPER ${word} WORD)
	string(REPLACE " " ";" libraries "${libraries}")
	find_path(${WORD}_INCLUDE_DIR ${header})
	set(found ${${WORD}_INCLUDE_DIR})
	set(paths)
	foreach(library ${libraries})
		string(MAKE_C_IDENTIFIER "${WORD}_${library}_LIBRARY" variable)
		find_library(${variable} NAMES ${library})
		if(NOT ${variable})
			set(found FALSE)
		endif()
		list(APPEND paths ${${variable}})
	endforeach()
	if(found AND NOT word IN_LIST LIBAWAIT_HTTP_WITHOUT)
		set(http_have_${word} TRUE)
		list(APPEND http_includes ${${WORD}_INCLUDE_DIR})
		list(APPEND http_libraries ${paths})
		list(APPEND http_library_names ${libraries})
		list(FILTER http_sources EXCLUDE REGEX "[_/]no${word}\\.c$")
	else()
		set(http_have_${word} FALSE)
		message(STATUS "HTTP without ${package}: ${loss}")
		list(FILTER http_sources EXCLUDE REGEX "[_/]${word}\\.c$")
	endif()
endforeach()
if(have_tls)
	list(FILTER http_sources EXCLUDE REGEX "/notls\\.c$")
endif()
list(REMOVE_DUPLICATES http_includes)
list(TRANSFORM http_library_names PREPEND "-l")
string(REPLACE ";" "," http_link_paths "${http_libraries}")
string(REPLACE ";" "," http_link_names "${http_library_names}")

add_library(await_http_objects OBJECT ${http_sources})
await_library_flags(await_http_objects)
if(http_includes)
	target_include_directories(await_http_objects SYSTEM PRIVATE ${http_includes})
endif()

await_add_library(await_http await_http_objects await_private_http_ ${CMAKE_BINARY_DIR}/archive-http)
set_target_properties(await_http PROPERTIES OUTPUT_NAME await-http EXPORT_NAME http)
target_link_libraries(await_http PUBLIC await_core)
# A library that nobody needs is not linked. In one word, which CMake neither moves nor tears apart.
if(BUILD_SHARED_LIBS)
	if(http_libraries)
		target_link_libraries(await_http PRIVATE
			"$<BUILD_INTERFACE:-Wl,--push-state,--as-needed,${http_link_paths},--pop-state>")
	endif()
	set(optional await_http)
	if(have_tls)
		list(APPEND optional await_tls)
	endif()
	target_link_libraries(await INTERFACE
		"-Wl,--push-state,--as-needed" ${optional} "-Wl,--pop-state")
else()
	if(http_libraries)
		target_link_libraries(await_http INTERFACE
			"$<BUILD_INTERFACE:-Wl,--push-state,--as-needed,${http_link_paths},--pop-state>"
			"$<INSTALL_INTERFACE:-Wl,--push-state,--as-needed,${http_link_names},--pop-state>")
	endif()
	target_link_libraries(await INTERFACE await_http)
endif()
add_library(await::http ALIAS await_http)

if(NOT BUILD_SHARED_LIBS)
	add_library(await_http_internal STATIC $<TARGET_OBJECTS:await_http_objects>)
	target_link_libraries(await_http_internal PUBLIC await_internal ${http_libraries})
endif()

# Programs that use jansson themselves, as answers of JSON do: left out where there is none.
function(http_users_of_json variable)
	set(kept)
	foreach(source ${${variable}})
		if(IS_ABSOLUTE ${source})
			set(path ${source})
		else()
			set(path ${CMAKE_SOURCE_DIR}/tests/${source})
		endif()
		file(STRINGS ${path} uses REGEX "<jansson\\.h>" LIMIT_COUNT 1)
		if(http_have_json OR NOT uses)
			list(APPEND kept ${source})
		endif()
	endforeach()
	set(${variable} ${kept} PARENT_SCOPE)
endfunction()
