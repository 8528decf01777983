#!/bin/sh
# SPDX-License-Identifier: MIT
# The HTTP client against servers and proxies of others: nginx, Python's http.server, openssl s_server,
# tinyproxy, microsocks; and curl asked the same, for cookies and digest.
# covers: H09, H13, H19, H21, H29, H35, H36, H38, H39, H40, X08
#
#   tests/system/peers_client.sh BUILD_DIR
set -eu

[ -x "$1/tests/system/client_peer" ] || {
	echo "warning: skipped $0: the library was built without TLS"
	exit 0
}
PATH=$PATH:/usr/sbin:/sbin exec timeout 100 python3 "${0%.sh}.py" "$(cd "$1" && pwd)"
