# Compiler flags, one reason each where it is not plain. They are set for the whole tree: the same
# warnings hold for the library, its tests, the examples and the benchmarks.

include(CheckCCompilerFlag)
include(CheckLanguage)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ${BUILD_SHARED_LIBS})
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# C++ is only needed for the tests that the headers serve C++ as they are. A cross build has no
# C++ compiler unless the toolchain file names one.
if(NOT CMAKE_CROSSCOMPILING OR CMAKE_CXX_COMPILER)
	check_language(CXX)
	if(CMAKE_CXX_COMPILER)
		enable_language(CXX)
	endif()
endif()

set(warnings -Wall -Wextra -Wshadow -Wpointer-arith -Wwrite-strings -Wvla -Werror)
set(warnings_c -Wstrict-prototypes -Wmissing-prototypes)
add_compile_options(
	"$<$<COMPILE_LANGUAGE:C>:${warnings};${warnings_c}>"
	"$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Werror>"
	# No path of the building machine ends up in the library or in a message.
	-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=
	# Unused functions go away at link time: a program pays only for what it calls.
	-ffunction-sections -fdata-sections
	# Calls of the C library go straight through its table: one jump less on every system call.
	-fno-plt)
add_link_options(-Wl,--gc-sections)

# Switching stacks does not follow the call/return discipline that shadow stacks check, and the
# landing pads would only cost instructions on the hottest path.
check_c_compiler_flag(-fcf-protection=none has_cf_protection)
if(has_cf_protection)
	add_compile_options(-fcf-protection=none)
endif()

if(LIBAWAIT_SANITIZE STREQUAL "address")
	set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all)
elseif(LIBAWAIT_SANITIZE STREQUAL "thread")
	set(sanitize -fsanitize=thread)
elseif(NOT LIBAWAIT_SANITIZE STREQUAL "none")
	message(FATAL_ERROR "LIBAWAIT_SANITIZE is '${LIBAWAIT_SANITIZE}': none, address or thread")
endif()
if(sanitize)
	# Assertions stay on here: -O1 without NDEBUG, whatever the build type says.
	set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g")
	set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g")
	add_compile_options(${sanitize} -fno-omit-frame-pointer)
	add_link_options(${sanitize})
endif()
