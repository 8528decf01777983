#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""nginx in front of a libawait server, and clients that try to make the two see different requests.

Every vector carries a second request in its body, or where one reader may take it for a body. Each
path occurs once, so the two logs tell who saw what. Connections behind nginx are kept and shared,
since only then a request that one of them overlooks becomes somebody else's. Bodies are sent on as
they come, or whole.

    tests/system/smuggling.py BUILD_DIR NGINX
"""

import collections
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

CONFIG = """
daemon off; worker_processes 1; pid {work}/pid; error_log {work}/error.log crit;
events {{ worker_connections 256; }}
http {{
    access_log off;
    log_format seen '$request_method $request_uri $upstream_status';
    client_body_temp_path {work}/body; proxy_temp_path {work}/proxy; fastcgi_temp_path {work}/f;
    uwsgi_temp_path {work}/u; scgi_temp_path {work}/s;
    client_header_timeout 3s; client_body_timeout 3s; proxy_read_timeout 5s; lingering_close off;
    upstream behind {{ server 127.0.0.1:{port}; keepalive 4; }}
    server {{
        listen 127.0.0.1:{front}; {options}
        location / {{
            access_log {work}/seen.log seen;
            proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_ignore_client_abort on; proxy_next_upstream off;
        }}
    }}
}}
"""

# Ways to say how long a body is, so that some readers take one for none, or one for another.
CODINGS = (
    "Transfer-Encoding: chunked", "Transfer-Encoding : chunked", "Transfer-Encoding:chunked",
    "Transfer-Encoding: xchunked", "Transfer-Encoding:\tchunked", "Transfer-Encoding:\x0bchunked",
    " Transfer-Encoding: chunked", "X: X\nTransfer-Encoding: chunked",
    "X: X\rTransfer-Encoding: chunked", "Transfer-Encoding\n: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x", "Transfer-Encoding: x, chunked",
    "Transfer-Encoding: chunked, identity", "Transfer-Encoding: \"chunked\"",
    "Transfer-Encoding: CHUNKED", "transfer_encoding: chunked", "Transfer-Encoding: identity",
    "Transfer-Encoding:", "Transfer-Encoding: chunked\x00", "Foo: a\r\n Transfer-Encoding: chunked",
    "Transfer-Encoding: chunked;a=b", "Transfer-Encoding: ,chunked", "Transfer-Encoding: chunked,",
)
LENGTHS = (
    "Content-Length: {n}", "Content-Length: 0", "Content-Length: +{n}", "Content-Length: 0{n}",
    "Content-Length: {n}, {n}", "Content-Length: {n}\r\nContent-Length: 0", "Content-Length : {n}",
    "Content-Length: 0x{n:x}", "Content-Length: {n} 0", "Content-Length:\x0b{n}",
    "Content-Length: {n}\r\nContent-Length: {n}", "Content-Length: -1", "Content-Length: 1_0",
    "content_length: {n}", "Content-Length: {n}a", "Content-Length: {n}.0",
    "Content-Length: 18446744073709551616", "X: y\n\rContent-Length: {n}",
)
CHUNKS = (
    "0\r\n\r\n{s}", "0\n\n{s}", "1;\nx\r\n0\r\n\r\n{s}", "1\r\nxx\r\n0\r\n\r\n{s}",
    "0x0\r\n\r\n{s}", "00000000000000000\r\n\r\n{s}", "10000000000000000\r\n\r\n{s}",
    "-0\r\n\r\n{s}", "+0\r\n\r\n{s}", "0 \r\n\r\n{s}", "0;a=\"\r\n\r\n{s}\"\r\n\r\n",
    "1\r\nx\r\n0\r\nX: y\r\n\r\n{s}", "1\r\nx0\r\n\r\n{s}", "0\r\n{s}", "1\r\nx\n0\r\n\r\n{s}",
    "0\r\n\r{s}", "0;\r\n\r\n{s}", "0\r\nContent-Length: 5\r\n\r\n{s}", "G\r\n\r\n{s}",
    "1 ;a\r\nx\r\n0\r\n\r\n{s}", "0\r\rX\r\n\r\n{s}",
)
HEADS = (
    "GET {p} HTTP/1.1\r\nHost: a\r\n\r\n{s}", "GET {p} HTTP/1.1\nHost: a\n\n{s}",
    "GET {p} HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n{s}", "GET {p}\r\n{s}",
    "GET {p} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n{s}", "GET {p} HTTP/1.1\r\n Host: a\r\n\r\n{s}",
    "GET  {p} HTTP/1.1\r\nHost: a\r\n\r\n{s}", "GET {p} HTTP/1.1 \r\nHost: a\r\n\r\n{s}",
    "GET {p} HTTP/1.1\r\nHost: a\r\n\n{s}", "GET http://a{p} HTTP/1.1\r\nHost: a\r\n\r\n{s}",
    "GET {p}\x0bHTTP/1.1\r\nHost: a\r\n\r\n{s}", "GET {p} HTTP/1.2\r\nHost: a\r\n\r\n{s}",
    "GET {p} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n{s}",
    "POST {p} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n{s}",
    "GET {p} HTTP/1.1\r\nHost: a\r\nX\x00: y\r\n\r\n{s}",
    "GET {p} HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\nContent-Length: {n}\r\n\r\n{s}",
)


def vectors():
    """Texts of two requests each; {p}, {s} and {n} are the first's path, the second, its size."""
    for coding in CODINGS:
        yield f"POST {{p}} HTTP/1.1\r\nHost: a\r\n{coding}\r\n\r\n0\r\n\r\n{{s}}"
        for length in LENGTHS[:4]:
            yield f"POST {{p}} HTTP/1.1\r\nHost: a\r\n{coding}\r\n{length}\r\n\r\n0\r\n\r\n{{s}}"
            yield f"POST {{p}} HTTP/1.1\r\nHost: a\r\n{length}\r\n{coding}\r\n\r\n0\r\n\r\n{{s}}"
    for length in LENGTHS:
        yield f"POST {{p}} HTTP/1.1\r\nHost: a\r\n{length}\r\n\r\n{{s}}"
        yield f"GET {{p}} HTTP/1.1\r\nHost: a\r\n{length}\r\n\r\n{{s}}"
    for chunk in CHUNKS:
        yield f"POST {{p}} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}"
    yield from HEADS


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def converse(port, data):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        try:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass
        except (ConnectionError, TimeoutError):
            pass


def probe(port, path):
    """An honest client of the same proxy: it must get its own answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 404 "), (path, answer[:200])


def wait_for(port):
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < until, "nginx does not listen"
            time.sleep(0.05)


def seen_by_nginx(work):
    """Two tallies of what it took for requests: those answered from behind, and the others.

    The others it was told are none, or gave up: a body that is sent on as it comes may turn out to
    be no body when the head is gone already, and whether its answer arrived by then is chance.
    """
    answered, others = collections.Counter(), collections.Counter()
    with open(os.path.join(work, "seen.log"), encoding="latin-1") as log:
        for line in log:
            match = re.match(r"([^ ]+) ([^ ]+) (.*)$", line)
            if match:
                tally = others if match.group(3) in ("-", "400") else answered
                tally[match.group(1), match.group(2)] += 1
    return answered, others


def seen_behind(work):
    with open(os.path.join(work, "behind.log"), encoding="latin-1") as log:
        for line in log:
            match = re.search(r'"([^ ]+) ([^ ]+) HTTP/1\.[01]" (\d+)', line)
            if match and match.group(3) != "400":
                yield match.group(1), match.group(2)


def attack(front):
    count = 0
    for count, vector in enumerate(vectors(), 1):
        second = f"GET /second-{count} HTTP/1.1\r\nHost: a\r\nX: "
        for tail in ("\r\n\r\n", ""):
            text = vector.format(p=f"/first-{count}{'' if tail else '-open'}", s=second + tail,
                                 n=len(second + tail))
            converse(front, text.encode("latin-1"))
        probe(front, f"/probe-{count}")
    return count


def run(build, nginx, options):
    with tempfile.TemporaryDirectory() as work:
        with open(os.path.join(work, "behind.log"), "wb") as log:
            behind = subprocess.Popen([os.path.join(build, "examples", "todo"), "127.0.0.1:0"],
                                      stdout=subprocess.PIPE, stderr=log, text=True)
        proxy = None
        try:
            port = re.search(r":(\d+)/", behind.stdout.readline()).group(1)
            front = free_port()
            path = os.path.join(work, "nginx.conf")
            with open(path, "w", encoding="ascii") as file:
                file.write(CONFIG.format(work=work, port=port, front=front, options=options))
            proxy = subprocess.Popen([nginx, "-p", work, "-c", path, "-e", "stderr"],
                                     stderr=subprocess.DEVNULL)
            wait_for(front)
            count = attack(front)
        finally:
            for child in (proxy, behind):
                if child:
                    child.terminate()
                    child.wait(timeout=20)
        answered, others = seen_by_nginx(work)
        after = collections.Counter(seen_behind(work))
        assert sum(after.values()) > count, "hardly a request came through"
        assert not answered - after, f"in front only: {answered - after}"
        smuggled = after - answered - others
        assert not smuggled, f"behind only: {smuggled}"
        print(f"smuggling, nginx with {options or 'its defaults'}: {count} vectors, "
              f"{sum(after.values())} requests seen by both")


def main():
    build, nginx = sys.argv[1:]
    for options in ("", "proxy_request_buffering off;",
                    "ignore_invalid_headers off; underscores_in_headers on; merge_slashes off;"):
        run(build, nginx, options)


if __name__ == "__main__":
    main()
