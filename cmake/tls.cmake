# libawait-tls: TLS by OpenSSL 3, a library of its own so that the core depends on nothing. It uses
# exported symbols of the core only; libssl is linked where a program uses something of it. Without
# OpenSSL there is no such library.
#
# await::tls     libawait-tls
# await::await   includes it

find_path(OPENSSL_INCLUDE_DIR openssl/ssl.h)
find_library(OPENSSL_SSL_LIBRARY NAMES ssl)
find_library(OPENSSL_CRYPTO_LIBRARY NAMES crypto)
if(NOT OPENSSL_INCLUDE_DIR OR NOT OPENSSL_SSL_LIBRARY OR NOT OPENSSL_CRYPTO_LIBRARY)
	set(have_tls FALSE)
	message(STATUS "No OpenSSL (libssl-dev): there will be no libawait-tls")
	return()
endif()
set(have_tls TRUE)

file(GLOB tls_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/tls/*.c)
add_library(await_tls_objects OBJECT ${tls_sources})
await_library_flags(await_tls_objects)
target_include_directories(await_tls_objects SYSTEM PRIVATE ${OPENSSL_INCLUDE_DIR})

await_add_library(await_tls await_tls_objects await_private_tls_ ${CMAKE_BINARY_DIR}/archive-tls)
set_target_properties(await_tls PROPERTIES OUTPUT_NAME await-tls EXPORT_NAME tls)
target_link_libraries(await_tls PUBLIC await_core)
# By name, not by this machine's path: the package may be used on another. In one word, which CMake
# neither moves nor tears apart.
if(BUILD_SHARED_LIBS)
	target_link_libraries(await_tls PRIVATE
		$<BUILD_INTERFACE:${OPENSSL_SSL_LIBRARY}> $<BUILD_INTERFACE:${OPENSSL_CRYPTO_LIBRARY}>)
else()
	target_link_libraries(await_tls INTERFACE
		"$<BUILD_INTERFACE:-Wl,--push-state,--as-needed,${OPENSSL_SSL_LIBRARY},${OPENSSL_CRYPTO_LIBRARY},--pop-state>"
		"$<INSTALL_INTERFACE:-Wl,--push-state,--as-needed,-lssl,-lcrypto,--pop-state>")
	target_link_libraries(await INTERFACE await_tls)
endif()
add_library(await::tls ALIAS await_tls)

if(NOT BUILD_SHARED_LIBS)
	add_library(await_tls_internal STATIC $<TARGET_OBJECTS:await_tls_objects>)
	target_link_libraries(await_tls_internal PUBLIC await_internal
		${OPENSSL_SSL_LIBRARY} ${OPENSSL_CRYPTO_LIBRARY})
endif()
