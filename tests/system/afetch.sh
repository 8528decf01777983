#!/bin/sh
# SPDX-License-Identifier: MIT
# afetch from the outside: its options, its output, what it does when things go wrong, and what it
# takes of memory. covers: H46, H24, H25, H26
#
#   tests/system/afetch.sh BUILD_DIR [CHECK...]
set -eu

build=$(cd "$1" && pwd)
shift
if [ ! -x "$build/tools/afetch" ]; then
	echo "warning: skipped $0: there is no afetch (it needs OpenSSL and jansson)"
	exit 0
fi
exec timeout 240 python3 "${0%.sh}.py" "$build" "$@"
