# tests/fuzz/NAME.c becomes fuzz/NAME, a libFuzzer program; clang only.
file(GLOB fuzzed_names ${CMAKE_SOURCE_DIR}/src/names/*.c)
list(FILTER fuzzed_names EXCLUDE REGEX "/(dns|query)\\.c$") # their parsers are c-ares's
add_library(await_fuzzed STATIC ${library_sources} ${fuzzed_names} ${http_sources})
target_include_directories(await_fuzzed
	PUBLIC ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(await_fuzzed PRIVATE _GNU_SOURCE LIBAWAIT_VERSION="${PROJECT_VERSION}")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
	target_compile_options(await_fuzzed PRIVATE -mno-red-zone)
endif()
target_compile_options(await_fuzzed PUBLIC -fsanitize=fuzzer-no-link,address,undefined
	-fno-sanitize-recover=all)
target_link_libraries(await_fuzzed PUBLIC Threads::Threads)
target_include_directories(await_fuzzed SYSTEM PRIVATE ${http_includes})
target_link_libraries(await_fuzzed PUBLIC ${http_libraries})

file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*.c)
foreach(source ${fuzz_sources})
	get_filename_component(name ${source} NAME_WE)
	add_executable(fuzz_${name} ${source})
	target_link_libraries(fuzz_${name} PRIVATE await_fuzzed)
	# libFuzzer calls LLVMFuzzerTestOneInput, which no header declares.
	target_compile_options(fuzz_${name} PRIVATE -Wno-missing-prototypes)
	target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer,address,undefined)
	set_target_properties(fuzz_${name} PROPERTIES
		OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endforeach()

# The oracle of h1_llhttp, where Debian's node-llhttp is installed.
set(oracle /usr/share/llhttp/llhttp.c /usr/share/llhttp/http.c /usr/share/llhttp/api.c)
if(TARGET fuzz_h1_llhttp AND EXISTS /usr/share/llhttp/llhttp.c)
	target_sources(fuzz_h1_llhttp PRIVATE ${oracle})
	set_source_files_properties(${oracle} PROPERTIES COMPILE_OPTIONS -w)
	target_compile_definitions(fuzz_h1_llhttp PRIVATE LLHTTP_STRICT_MODE=1 HAVE_LLHTTP=1)
	target_include_directories(fuzz_h1_llhttp SYSTEM PRIVATE /usr/share/include/llhttp)
endif()
