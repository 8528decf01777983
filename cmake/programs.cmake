# Examples and benchmarks: one program per file, linked with the library as users get it.

function(add_programs directory)
	foreach(source ${ARGN})
		get_filename_component(name ${source} NAME_WE)
		add_executable(${directory}_${name} ${source})
		target_link_libraries(${directory}_${name} PRIVATE await)
		file(STRINGS ${source} json REGEX "<jansson\\.h>" LIMIT_COUNT 1)
		if(json)
			target_link_libraries(${directory}_${name} PRIVATE jansson)
		endif()
		set_target_properties(${directory}_${name} PROPERTIES
			OUTPUT_NAME ${name}
			RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${directory})
	endforeach()
endfunction()

if(LIBAWAIT_EXAMPLES)
	file(GLOB example_sources CONFIGURE_DEPENDS
		${CMAKE_SOURCE_DIR}/examples/*.c ${CMAKE_SOURCE_DIR}/examples/*/*.c)
	# A guest needs its host; where there is none, that example is left out.
	find_package(PkgConfig QUIET)
	if(PkgConfig_FOUND AND NOT CMAKE_CROSSCOMPILING)
		pkg_check_modules(libuv QUIET IMPORTED_TARGET libuv)
	endif()
	if(NOT libuv_FOUND)
		list(FILTER example_sources EXCLUDE REGEX "/embed_libuv\\.c$")
	endif()
	http_users_of_json(example_sources)
	if(NOT have_tls)
		list(FILTER example_sources EXCLUDE REGEX "/echo_tls\\.c$")
	endif()
	add_programs(examples ${example_sources})
	# What examples/demo/run.sh runs: a newcomer's first command builds no more than that.
	add_custom_target(demo_programs)
	foreach(name echo_sockets echo_streams echo_threads echo_clients fib_service fib_blocking
			web_clients)
		if(TARGET examples_${name})
			add_dependencies(demo_programs examples_${name})
		endif()
	endforeach()
	if(libuv_FOUND)
		target_link_libraries(examples_embed_libuv PRIVATE PkgConfig::libuv)
	endif()
endif()
if(LIBAWAIT_BENCH)
	# The peers under bench/peers need other libraries; bench/run builds them.
	file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*.c)
	if(NOT have_tls)
		list(FILTER bench_sources EXCLUDE REGEX "/https_hello\\.c$")
	endif()
	add_programs(bench ${bench_sources})
	if(have_tls) # which makes a certificate
		target_include_directories(bench_https_hello SYSTEM PRIVATE ${OPENSSL_INCLUDE_DIR})
		target_link_libraries(bench_https_hello PRIVATE ${OPENSSL_CRYPTO_LIBRARY})
	endif()
	# micro also measures what has no public face: it takes the archive with internal names, and
	# for comparison llhttp's sources where Debian's node-llhttp is installed.
	if(TARGET await_internal)
		set_target_properties(bench_micro PROPERTIES LINK_LIBRARIES await_http_internal)
		target_compile_definitions(bench_micro PRIVATE HAVE_INTERNALS=1)
		if(EXISTS /usr/share/llhttp/llhttp.c AND NOT CMAKE_CROSSCOMPILING)
			set(peer /usr/share/llhttp/llhttp.c /usr/share/llhttp/http.c
				/usr/share/llhttp/api.c)
			set_source_files_properties(${peer} PROPERTIES COMPILE_OPTIONS -w)
			target_sources(bench_micro PRIVATE ${peer})
			target_compile_definitions(bench_micro PRIVATE HAVE_LLHTTP=1
				LLHTTP_STRICT_MODE=1)
			target_include_directories(bench_micro SYSTEM PRIVATE
				/usr/share/include/llhttp)
		endif()
	endif()
endif()
