# One test program per file: tests/core/task.c becomes tests/core_task. Each holds the harness and
# the fault injector, and sees the internal headers.

# The calls that tests/fault.c can make fail. The linker sends every reference to them, in the
# library as in the test, through the injector; that needs no symbol lookup at run time and works in
# static programs and under the sanitizers alike.
set(faulty_calls
	accept4 bind close connect epoll_create1 epoll_ctl epoll_wait epoll_pwait2 eventfd fcntl
	getsockopt listen madvise mmap mprotect munmap pipe2 poll pread preadv2 read readv recv recvfrom recvmmsg recvmsg send openat pwrite
	sendfile sendmmsg sendmsg sendto setsockopt socket socketpair syscall timerfd_create write writev
	fork inotify_add_watch inotify_init1 calloc malloc realloc aligned_alloc posix_memalign strdup strndup pthread_create)
list(TRANSFORM faulty_calls PREPEND "-Wl,--wrap=")

add_library(await_harness OBJECT
	tests/harness.c tests/harness_main.c tests/fault.c)
target_link_libraries(await_harness PUBLIC await_internal)
target_include_directories(await_harness PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_options(await_harness PUBLIC ${faulty_calls})

function(add_test_program name source)
	add_executable(${name} ${source})
	target_link_libraries(${name} PRIVATE await_harness)
	# The names library where a test looks at it, or drives what does.
	file(STRINGS ${source} names_used REGEX "await/names\\.h|\"names/" LIMIT_COUNT 1)
	if(names_used OR source MATCHES "/tests/(names|client)/")
		target_link_libraries(${name} PRIVATE await_names_internal)
	endif()
	# And the HTTP library.
	file(STRINGS ${source} http_used REGEX "await/(url|http)|\"(url|http|server|client)/" LIMIT_COUNT 1)
	if(http_used OR source MATCHES "/tests/(url|http|server|client)/")
		target_link_libraries(${name} PRIVATE await_http_internal)
	endif()
	# And the TLS library, for clients too, with OpenSSL itself, which makes the tests' certificates.
	if(source MATCHES "/tests/tls/|/explore_tls|/tests/client/" AND have_tls)
		target_link_libraries(${name} PRIVATE await_tls_internal)
		target_include_directories(${name} SYSTEM PRIVATE ${OPENSSL_INCLUDE_DIR})
	endif()
	# And the parts of afetch, which are written against the public headers.
	if(source MATCHES "/tests/afetch/")
		target_link_libraries(${name} PRIVATE afetch_parts await_http_internal
			await_tls_internal)
	endif()
	set_target_properties(${name} PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endfunction()

file(GLOB test_sources CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/tests
	${CMAKE_SOURCE_DIR}/tests/*/*.c)
http_users_of_json(test_sources)
foreach(source ${test_sources})
	if(source MATCHES "^(fuzz|install|cxx|system)/")
		continue()
	endif()
	if(source MATCHES "^tls/|/explore_tls|^client/tls" AND NOT have_tls)
		continue()
	endif()
	if(source MATCHES "^afetch/" AND NOT TARGET afetch)
		continue()
	endif()
	if(source STREQUAL "names/dns.c" AND NOT names_have_cares)
		continue()
	endif()
	string(REGEX REPLACE "/(.*)\\.c$" "_\\1" name ${source})
	add_test_program(${name} ${CMAKE_SOURCE_DIR}/tests/${source})
endforeach()

if(CMAKE_CXX_COMPILER)
	file(GLOB cxx_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/cxx/*.cc)
	foreach(source ${cxx_sources})
		get_filename_component(name ${source} NAME_WE)
		add_test_program(cxx_${name} ${source})
	endforeach()
endif()

# What tests/system drives; it uses the public headers only.
if(have_tls)
	add_executable(client_peer ${CMAKE_SOURCE_DIR}/tests/system/client_peer.c)
	target_compile_definitions(client_peer PRIVATE _GNU_SOURCE)
	target_link_libraries(client_peer PRIVATE await)
	set_target_properties(client_peer PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/system)
endif()
