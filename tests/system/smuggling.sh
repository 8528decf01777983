#!/bin/sh
# SPDX-License-Identifier: MIT
# Request smuggling through a proxy: whatever a client sends, nginx in front and libawait behind it
# see the same requests. covers: M02, M03, M07, M10, W34
#
#   tests/system/smuggling.sh BUILD_DIR
set -eu

nginx=$(command -v nginx || ls /usr/sbin/nginx 2> /dev/null || true)
if [ -z "$nginx" ]; then
	echo "warning: skipped $0: there is no nginx (package nginx-light)"
	exit 0
fi
exec timeout 120 python3 "${0%.sh}.py" "$(cd "$1" && pwd)" "$nginx"
