#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The HTTP client of tests/system/client_peer.c against servers and proxies of others.

Everything is on the loopback and in a directory that is removed. What a machine lacks is left out,
and said.

    tests/system/peers_client.py BUILD_DIR
"""

import collections
import hashlib
import http.server
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib

CLIENT = os.path.join(sys.argv[1], "tests", "system", "client_peer")
WORK = tempfile.mkdtemp(prefix="peers-client-")
running = []
checks = collections.Counter()

Line = collections.namedtuple("Line", "status size sum reused tries sent phase text")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(command, port):
    """A server, once it listens."""
    with open(os.path.join(WORK, "log"), "ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    running.append(process)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
    sys.exit(f"{command[0]} does not listen: {open(os.path.join(WORK, 'log')).read()[-2000:]}")


def ask(*arguments):
    done = subprocess.run([CLIENT, *map(str, arguments)], stdout=subprocess.PIPE, timeout=30,
                          check=True, stdin=subprocess.DEVNULL)
    lines = []
    for text in done.stdout.decode("utf-8", "replace").split("\n")[:-1]:
        columns = text.split("\t", 7)
        lines.append(Line(*map(int, columns[:6]), *columns[6:]))
    return lines


def check(peer, condition, what):
    checks[peer] += 1
    if not condition:
        raise SystemExit(f"{peer}: {what}")


def missing(*programs):
    for program in programs:
        if shutil.which(program) is None:
            print(f"warning: left out in {sys.argv[0]}: there is no {program}")
            return True
    return False


def put(name, data):
    path = os.path.join(WORK, name)
    with open(path, "wb") as file:
        file.write(data)
    return path


# ---- nginx ----

NGINX = """
daemon off; worker_processes 1; {user} pid {work}/pid; error_log {work}/nginx.log crit;
events {{ worker_connections 256; }}
http {{
    access_log off; default_type text/plain;
    client_body_temp_path {work}/body; proxy_temp_path {work}/proxy; fastcgi_temp_path {work}/f;
    uwsgi_temp_path {work}/u; scgi_temp_path {work}/s;
    server {{
        listen 127.0.0.1:{port}; listen 127.0.0.1:{secure} ssl;
        ssl_certificate {work}/server.pem; ssl_certificate_key {work}/server.key;
        root {work}/site; keepalive_requests 5; keepalive_timeout 2s;
        location /packed/ {{ alias {work}/site/; gzip on; gzip_min_length 1; }}
        location /small {{ client_max_body_size 1k; proxy_pass http://127.0.0.1:{port}/; }}
        location /moved {{ return 302 /page.txt; }}
        location /private {{
            alias {work}/site/; auth_basic there; auth_basic_user_file {work}/users;
        }}
    }}
}}
"""


def make_certificates():
    commands = (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=Authority",
        "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names"
        " -out server.pem",
    )
    put("names", b"subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for command in commands:
        subprocess.run(["openssl", *command.split()], cwd=WORK, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_site():
    os.mkdir(os.path.join(WORK, "site"))
    page = b"".join(b"line %d of a page\n" % i for i in range(5000))
    big = os.urandom(1 << 20) * 8
    put("site/page.txt", page)
    put("site/big.bin", big)
    put("users", b"me:{PLAIN}secret\n")
    return page, big


def is_whole(line, data):
    return line.size == len(data) and line.sum == zlib.adler32(data)


def try_nginx(page, big):
    port, secure = free_port(), free_port()
    config = put("nginx.conf", NGINX.format(
        work=WORK, port=port, secure=secure, user="" if os.geteuid() else "user root;").encode())
    start(["nginx", "-p", WORK, "-c", config], port)
    base, url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}/page.txt"

    def see(condition, what):
        check("nginx", condition, what)

    lines = ask("GET", *[url] * 12)
    see(all(line.status == 200 and is_whole(line, page) for line in lines), lines)
    see([line.reused for line in lines] == [0, 1, 1, 1, 1] * 2 + [0, 1], lines)
    see(all(line.tries == 1 for line in lines), lines)
    lines = ask("pause", 2.5, "POST", url, url)  # its keepalive_timeout is over
    see([line.status for line in lines] == [405, 405] and not lines[1].reused, lines)
    lines = ask("GET", *[f"{base}/packed/page.txt"] * 3)
    see(all(is_whole(line, page) for line in lines) and lines[2].reused, lines)
    line, = ask("HEAD", url)
    see((line.status, line.size) == (200, 0), line)
    line, = ask("GET", f"{base}/big.bin")
    see(is_whole(line, big), line)
    line, = ask("field", "Range: bytes=5000000-5999999", "GET", f"{base}/big.bin")
    see(line.status == 206 and is_whole(line, big[5000000:6000000]), line)
    line, = ask("field", "Range: bytes=99999999-", "GET", f"{base}/big.bin")
    see(line.status == 416, line)
    line, = ask("GET", f"{base}/moved")
    see(line.status == 200 and is_whole(line, page), line)
    file = os.path.join(WORK, "site", "big.bin")
    for how in (["file", file], ["source", file], ["file", file, "coding", "gzip"]):
        line, = ask(*how, "PUT", f"{base}/small")
        see(line.status == 413 and line.sent < len(big), (how, line))
    line, = ask("file", file, "expect", "1", "PUT", f"{base}/small")
    see(line.status == 413 and line.sent == 0, line)
    line, = ask("GET", f"{base}/private/page.txt")
    see(line.status == 401, line)
    line, = ask("GET", f"http://me:secret@127.0.0.1:{port}/private/page.txt")
    see(line.status == 200 and is_whole(line, page), line)
    lines = ask("ca", os.path.join(WORK, "ca.pem"), "GET",
                *[f"https://localhost:{secure}/big.bin"] * 2)
    see(all(is_whole(line, big) for line in lines) and lines[1].reused, lines)
    # Its close_notify has come meanwhile: a POST must not be sent to nobody.
    lines = ask("ca", os.path.join(WORK, "ca.pem"), "pause", 2.5, "POST",
                *[f"https://localhost:{secure}/page.txt"] * 2)
    see([line.status for line in lines] == [405, 405] and not lines[1].reused, lines)
    line, = ask("GET", f"https://localhost:{secure}/page.txt")
    see(line.status < 0 and line.phase == "tls" and "localhost" in line.text, line)
    return port, secure


# ---- openssl ----

def try_openssl(page):
    port = free_port()
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert",
               f"{WORK}/server.pem", "-key", f"{WORK}/server.key", "-quiet", "-WWW"]
    os.chdir(os.path.join(WORK, "site"))
    for version in ("-tls1_2", "-tls1_3"):
        server = start([*command, version], port)
        lines = ask("ca", f"{WORK}/ca.pem", "GET", *[f"https://127.0.0.1:{port}/page.txt"] * 2)
        check("openssl s_server", all(is_whole(line, page) for line in lines), lines)
        server.terminate()
        server.wait()
        port = free_port()
        command[3] = f"127.0.0.1:{port}"


# ---- Proxies ----

def try_tinyproxy(page, port, secure):
    for login in ("", "BasicAuth me secret"):
        at = free_port()
        config = put("tinyproxy.conf", f"Port {at}\nListen 127.0.0.1\nTimeout 20\nMaxClients 20\n"
                     f"Allow 127.0.0.1\nConnectPort {secure}\nLogLevel Critical\n{login}\n".encode())
        start(["tinyproxy", "-d", "-c", config], at)
        urls = f"http://127.0.0.1:{port}/page.txt", f"https://127.0.0.1:{secure}/page.txt"
        proxy = f"http://me:secret@127.0.0.1:{at}" if login else f"127.0.0.1:{at}"
        lines = ask("ca", f"{WORK}/ca.pem", "proxy", proxy, "GET", *urls * 2)
        check("tinyproxy", all(is_whole(line, page) for line in lines), lines)
        check("tinyproxy", lines[3].reused, lines)  # the tunnel
        if login:
            plain, tunnel = ask("ca", f"{WORK}/ca.pem", "proxy", f"127.0.0.1:{at}", "GET", *urls)
            check("tinyproxy", plain.status == 407, plain)
            check("tinyproxy", tunnel.status == -13 and tunnel.phase == "proxy", tunnel)
    line, = ask("proxy", f"127.0.0.1:{at}", "GET", "https://127.0.0.1:1/")
    check("tinyproxy", line.status < 0 and line.phase == "proxy", line)


def try_microsocks(page, port, secure):
    for login in ([], ["-u", "me", "-P", "secret"]):
        at = free_port()
        start(["microsocks", "-i", "127.0.0.1", "-p", str(at), *login], at)
        who = "me:secret@" if login else ""
        for scheme in ("socks5", "socks5h"):
            lines = ask("ca", f"{WORK}/ca.pem", "proxy", f"{scheme}://{who}127.0.0.1:{at}", "GET",
                        *[f"http://localhost:{port}/page.txt",
                          f"https://localhost:{secure}/page.txt"] * 2)
            check("microsocks", all(is_whole(line, page) for line in lines), lines)
            check("microsocks", lines[2].reused and lines[3].reused, lines)
        line, = ask("proxy", f"socks5h://{who}127.0.0.1:{at}", "GET", "http://127.0.0.1:1/")
        check("microsocks", line.status < 0 and line.phase == "proxy", line)
    line, = ask("proxy", f"socks5h://me:wrong@127.0.0.1:{at}", "GET", f"http://127.0.0.1:{port}/")
    check("microsocks", line.status < 0 and line.phase == "proxy", line)


# ---- Python, and curl beside it ----

# Not among them: what has no name, which RFC 6265bis keeps and curl drops; and Secure by http from
# localhost, which curl keeps.
COOKIES = (
    "a=1", "b=2; Path=/deep", "c=3; Path=/other", "d=4; Max-Age=0", "f=\"6 7\"",
    "g=8; Domain=example.org", "a=9", "h=; Path=/", "i=j=k", "l=m; Max-Age=-1; Path=/deep/",
    "n=o; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "p=q; HttpOnly; SameSite=Lax",
    "r=s; Expires=Fri, 31 Dec 2038 23:59:59 GMT; path=/deep", "t=u; Path=deep",
)


class Handler(http.server.BaseHTTPRequestHandler):
    """Sets cookies, wants a digest, takes uploads, tells what it saw."""
    protocol_version = "HTTP/1.1"
    seen = []

    def log_message(self, *_):
        pass

    def answer(self, status, text, *fields):
        body = text.encode()
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def read_body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def has_digest(self, algorithm, function):
        given = self.headers.get("Authorization", "")
        if not given.startswith("Digest "):
            return False
        part = {name: quoted or plain for name, quoted, plain in
                re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]*))', given)}

        def digest(*texts):
            return function(":".join(texts).encode()).hexdigest()

        first = digest("me", "there", "secret")
        if algorithm.endswith("-sess"):
            first = digest(first, "number", part.get("cnonce", ""))
        return part.get("uri") == self.path and part.get("response") == digest(
            first, "number", part.get("nc", ""), part.get("cnonce", ""), "auth",
            digest(self.command, self.path))

    def do_GET(self):
        body = self.read_body()
        if self.path.startswith("/digest/"):
            algorithm = self.path[8:]
            function = hashlib.sha256 if "256" in algorithm else hashlib.md5
            if not self.has_digest(algorithm, function):
                return self.answer(401, "who?", ("WWW-Authenticate", f'Digest realm="there", '
                                   f'qop="auth", nonce="number", algorithm={algorithm}'))
            return self.answer(200, "welcome")
        if self.path == "/deep/set":
            return self.answer(302, "", ("Location", "/deep/show"),
                               *(("Set-Cookie", text) for text in COOKIES))
        if self.path == "/deep/show":
            Handler.seen.append(sorted(self.headers.get("Cookie", "").split("; ")))
        if self.path == "/close":
            self.close_connection = True
        coding = self.headers.get("Content-Encoding", "")
        if coding == "gzip":
            body = zlib.decompress(body, 31)
        elif coding == "deflate":
            body = zlib.decompress(body)
        return self.answer(200, f"{self.command} {len(body)} {zlib.adler32(body)}")

    do_PUT = do_POST = do_GET


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A client that closes a connection which it had kept is none."""


def try_python(big):
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    file = os.path.join(WORK, "site", "big.bin")
    expected = f"PUT {len(big)} {zlib.adler32(big)}"
    for how in (["file", file], ["file", file, "expect", "1"], ["source", file],
                ["file", file, "coding", "gzip"], ["file", file, "coding", "deflate"]):
        line, = ask(*how, "PUT", f"{base}/")
        check("http.server", line.status == 200 and line.text == expected, (how, line))
    # It says nothing, and closes: a POST must not be sent to nobody.
    lines = ask("pause", 0.1, "POST", *[f"{base}/close"] * 3)
    check("http.server", [line.status for line in lines] == [200] * 3, lines)
    curl = not missing("curl")
    for algorithm in ("MD5", "MD5-sess", "SHA-256", "SHA-256-sess"):
        url = f"{base}/digest/{algorithm}"
        lines = ask("digest", "me:secret", "GET", url, url)
        check("http.server", [line.status for line in lines] == [200, 200], lines)
        lines = ask("digest", "me:wrong", "GET", url)
        check("http.server", lines[0].status == 401, lines)
        if curl:
            done = subprocess.run(["curl", "-s", "--digest", "-u", "me:secret", url],
                                  stdout=subprocess.PIPE, timeout=10, check=False)
            check("curl", done.stdout == b"welcome", done)
    named = f"http://localhost:{server.server_port}/deep/set"  # numbers get no cookies here
    line, = ask("GET", named)
    check("http.server", line.status == 200, line)
    if curl:
        subprocess.run(["curl", "-sL", "-b", "", named], check=True, timeout=10,
                       stdout=subprocess.DEVNULL)
        ours, theirs = Handler.seen
        check("curl", ours == theirs, f"cookies: {ours}; curl's: {theirs}")
    server.shutdown()

    port = free_port()
    start([sys.executable, "-m", "http.server", "-b", "127.0.0.1", "-d",
           os.path.join(WORK, "site"), str(port)], port)
    lines = ask("GET", *[f"http://127.0.0.1:{port}/big.bin"] * 2)  # HTTP/1.0
    check("http.server", all(is_whole(line, big) for line in lines), lines)


def main():
    if missing("openssl"):
        return
    make_certificates()
    page, big = make_site()
    try_python(big)
    try_openssl(page)
    if not missing("nginx"):
        port, secure = try_nginx(page, big)
        if not missing("tinyproxy"):
            try_tinyproxy(page, port, secure)
        if not missing("microsocks"):
            try_microsocks(page, port, secure)
    print("the client and", ", ".join(f"{peer}: {n} checks" for peer, n in checks.items()))


try:
    main()
finally:
    for each in running:
        each.terminate()
    for each in running:
        each.wait()
    shutil.rmtree(WORK, ignore_errors=True)
