#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the library into an empty place and builds and runs a program outside the tree against
# it, through pkg-config and through the CMake package; then the same with the shared library.
# Also looks at the names that the libraries export, and at who needs c-ares: programs linked with
# await do, those linked with await-core depend on nothing. And at who needs the HTTP and TLS
# libraries and those below them: only programs that use something of them, and of them what they use.
#
#   tests/install/run.sh BUILD_DIR
set -eu

source=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
outside=$source/tests/install
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

expect_hello()
{
	[ "$("$@")" = "hello from outside" ] || { echo "$* did not say hello"; exit 1; }
}

# $1: a word for messages. Names work with await; the core says what is missing and needs no c-ares.
try_names()
{
	for package in await await-core; do
		# shellcheck disable=SC2046
		cc -Wall -Wextra -Werror -o "$work/names-$package" "$outside/names.c" \
			$(pkg-config --cflags --libs $package)
	done
	"$work/names-await" localhost:80 | grep -q '^127\.0\.0\.1:80$' ||
		{ echo "$1: localhost is not found:"; "$work/names-await" localhost:80; exit 1; }
	"$work/names-await-core" localhost:80 | grep -q 'link await, not await-core' ||
		{ echo "$1: await-core:"; "$work/names-await-core" localhost:80; exit 1; }
	[ "$("$work/names-await-core" 127.0.0.1:80)" = 127.0.0.1:80 ]
	if ldd "$work/names-await-core" | grep -E 'cares|await-names'; then
		echo "$1: the core depends on more than the C library"
		exit 1
	fi
}

below='libz|brotli|pcre2|jansson|psl'

# $1: a word for messages, $2: where CMake built. URLs work both ways; who has none does not pay.
try_urls()
{
	# shellcheck disable=SC2046
	cc -Wall -Wextra -Werror -o "$work/url" "$outside/url.c" $(pkg-config --cflags --libs await)
	for program in "$work/url" "$2/url"; do
		[ "$("$program" HTTP://A.example:80/b/../c)" = http://a.example/c ] ||
			{ echo "$1: $program is wrong"; exit 1; }
		case "$("$program" http://b%C3%BCcher.example)" in
		http://xn--bcher-kva.example/ | *libidn2*) ;;
		*) echo "$1: $program does not know IDNA"; exit 1 ;;
		esac
	done
	for program in "$work/with-pkg-config" "$2/outside" "$2/names" "$work/names-await"; do
		if readelf -d "$program" | grep -E "NEEDED.*($below|idn2|await-http)" ||
			ldd "$program" | grep -E 'idn2|await-http'; then
			echo "$1: $program uses no URL and links what they need"
			exit 1
		fi
	done
	for program in "$work/url" "$2/url"; do
		if readelf -d "$program" | grep -E "NEEDED.*($below)"; then
			echo "$1: $program uses URLs alone and links more than they need"
			exit 1
		fi
	done
}

# $1: a word for messages, $2: where CMake built. The same for TLS, where there is OpenSSL.
try_tls()
{
	for program in "$work/with-pkg-config" "$work/url" "$2/outside" "$2/names" "$2/url"; do
		if readelf -d "$program" | grep -E 'NEEDED.*(libssl|libcrypto|await-tls)'; then
			echo "$1: $program uses no TLS and links what it needs"
			exit 1
		fi
	done
	[ -e "$2/tls" ] || return 0
	# shellcheck disable=SC2046
	cc -Wall -Wextra -Werror -o "$work/tls" "$outside/tls.c" $(pkg-config --cflags --libs await)
	for program in "$work/tls" "$2/tls"; do
		"$program" | grep -q 'a TLS server needs a certificate' ||
			{ echo "$1: $program does not know TLS"; exit 1; }
	done
}

# $1: prefix it was installed under, $2: a word for messages
try_both_ways()
{
	PKG_CONFIG_PATH=$(dirname "$(find "$1" -name await.pc)")
	LD_LIBRARY_PATH=$(dirname "$(find "$1" -name 'libawait.*' | head -n 1)")
	export PKG_CONFIG_PATH LD_LIBRARY_PATH
	# shellcheck disable=SC2046
	cc -Wall -Wextra -Werror -o "$work/with-pkg-config" "$outside/outside.c" \
		$(pkg-config --cflags --libs await)
	expect_hello "$work/with-pkg-config"
	cmake -S "$outside" -B "$work/cmake-$2" -DCMAKE_PREFIX_PATH="$1" > /dev/null
	cmake --build "$work/cmake-$2" > /dev/null
	expect_hello "$work/cmake-$2/outside"
	"$work/cmake-$2/names" localhost:80 | grep -q '^127\.0\.0\.1:80$' ||
		{ echo "$2: await::await without names"; exit 1; }
	"$work/cmake-$2/names_core" localhost:80 | grep -q 'link await, not await-core' ||
		{ echo "$2: await::core has names"; exit 1; }
	try_names "$2"
	try_urls "$2" "$work/cmake-$2"
	try_tls "$2" "$work/cmake-$2"
	echo "$2: pkg-config and CMake package work, version $(pkg-config --modversion await)"
}

# Any other global name could collide with one of the program's.
check_exported_names()
{
	foreign=$(awk '{ print $NF }' | grep -Ev '^(async|await)_|:$|^$' || true)
	[ -z "$foreign" ] || { echo "$1 exports other names:" $foreign; exit 1; }
}

cmake --install "$build" --prefix "$work/static" > /dev/null
tls=
[ -z "$(find "$work/static" -name libawait-tls.a)" ] || tls=libawait-tls
for library in libawait.a libawait-names.a libawait-http.a $tls${tls:+.a}; do
	nm -g --defined-only "$(find "$work/static" -name $library)" | check_exported_names $library
done
# What a library above the core uses of it is exported: tests, which link plain archives, do not tell.
if [ -e "$build/libawait_internal.a" ]; then
	nm -g --defined-only "$build/libawait_internal.a" |
		awk 'NF == 3 && $3 !~ /^(async|await)_/ { print $3 }' | sort -u > "$work/internal"
	[ -s "$work/internal" ] || { echo "nm tells nothing of libawait_internal.a"; exit 1; }
	for library in libawait-names.a libawait-http.a $tls${tls:+.a}; do
		nm -u "$(find "$work/static" -name $library)" | awk '{ print $NF }' | sort -u |
			comm -12 - "$work/internal" > "$work/used"
		[ ! -s "$work/used" ] ||
			{ echo "$library uses internal symbols of the core:" $(cat "$work/used"); exit 1; }
	done
fi
try_both_ways "$work/static" static
expect_hello env LD_LIBRARY_PATH= "$work/with-pkg-config"

# Moved away from where it was installed, the package still finds itself.
mv "$work/static" "$work/moved"
try_both_ways "$work/moved" moved

cmake -S "$source" -B "$work/build-shared" -DBUILD_SHARED_LIBS=ON -DLIBAWAIT_BENCH=OFF > /dev/null
env -u MAKEFLAGS cmake --build "$work/build-shared" -j "$(nproc)" > /dev/null
cmake --install "$work/build-shared" --prefix "$work/shared" > /dev/null
for library in libawait.so libawait-names.so libawait-http.so $tls${tls:+.so}; do
	nm -D -g --defined-only "$(find "$work/shared" -name $library)" | check_exported_names $library
done
try_both_ways "$work/shared" shared
