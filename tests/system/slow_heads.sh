#!/bin/sh
# SPDX-License-Identifier: MIT
# Thousands of clients that begin a request and never end it: the others are served as before. Prints
# what each of them costs the server. covers: M12, W33
#
#   tests/system/slow_heads.sh BUILD_DIR [CLIENTS]
set -eu

ulimit -n "$(ulimit -Hn)"
exec timeout 60 python3 "${0%.sh}.py" "$(cd "$1" && pwd)" "${2:-5000}"
