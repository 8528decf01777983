#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The article's fetcher against an https server that counts: seven pages, at most four at a time,
with certificates that are right and wrong.

covers: Z24, Z29, H46, H35

    tests/examples/fetch.py BUILD_DIR
"""

import http.server
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from servers import environment, program


class Counter:
    """How many requests are being answered, and how many were at most."""

    def __init__(self):
        self.lock = threading.Lock()
        self.now = self.most = self.all = 0

    def __enter__(self):
        with self.lock:
            self.now += 1
            self.all += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_):
        with self.lock:
            self.now -= 1


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with self.server.counter:
            time.sleep(0.1)
            body = f"page {self.path}".encode()
            self.send_response(200)
            cut = 10 if self.path == "/cut" else 0
            self.send_header("Content-Length", str(len(body) + cut))
            self.close_connection = cut > 0
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class Site(http.server.ThreadingHTTPServer):
    def __init__(self, folder, name):
        self.counter = Counter()
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/{name}.pem", f"{folder}/{name}.key")
        self.socket = context.wrap_socket(self.socket, server_side=True,
                                          do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # a client that refused our certificate

    def url(self, path):
        return f"https://localhost:{self.server_port}{path}"


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make(folder, name, subject, days="1"):
    """A certificate by the authority, `ca`; `days` may lie in the past."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    with open(f"{folder}/{name}.ext", "w", encoding="ascii") as file:
        file.write(f"subjectAltName=DNS:{subject}\n")
    openssl(folder, "req", *key, "-subj", f"/CN={subject}", "-keyout", f"{name}.key",
            "-out", f"{name}.csr")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", days, "-extfile", f"{name}.ext", "-out", f"{name}.pem")


def make_all(folder):
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
    for name in ("ca", "alone"):
        openssl(folder, "req", "-x509", *key, "-subj", f"/CN={name}", "-addext",
                "subjectAltName=DNS:localhost", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    make(folder, "right", "localhost")
    make(folder, "other", "other.test")
    make(folder, "old", "localhost", days="-1")


def fetch(name, backend, authority, *urls):
    """The system's authorities are what SSL_CERT_FILE names, as everywhere with OpenSSL."""
    trusting = dict(environment(backend), SSL_CERT_FILE=authority)
    return subprocess.run([program(name), *urls], env=trusting, timeout=60, capture_output=True,
                          text=True, check=False)


def check_seven(folder, backend):
    with Site(folder, "right") as site:
        paths = [f"/{word}/" for word in ("3", "tutorial", "library", "reference", "howto",
                                          "extending", "faq")]
        done = fetch("fetch_urls", backend, f"{folder}/ca.pem", *map(site.url, paths))
        expected = [f"{site.url(path)}: 200, {len(path) + 5} bytes" for path in paths]
        assert done.returncode == 0 and done.stdout.splitlines() == expected, done
        assert site.counter.all == 7 and site.counter.most == 4, vars(site.counter)
        done = fetch("fetch_urls", backend, f"{folder}/ca.pem", site.url("/cut"), site.url("/x"))
        assert done.returncode == 1 and ": 200, 7 bytes" in done.stdout, done
        assert "200" not in done.stdout.splitlines()[0], "half a page"
        done = fetch("fetch_one", backend, f"{folder}/ca.pem", site.url("/x"))
        assert (done.returncode, done.stdout) == (0, "page /x"), done
        site.shutdown()


def check_refused(folder, backend):
    for name, *words in (("other", "other.test", "localhost"), ("old", "expired"),
                         ("alone", "self-signed")):
        with Site(folder, name) as site:
            done = fetch("fetch_one", backend, f"{folder}/ca.pem", site.url("/"))
            assert done.returncode == 1 and not done.stdout, done
            assert all(word in done.stderr for word in words), (words, done.stderr)
            assert site.counter.all == 0, name
            site.shutdown()


def main():
    with tempfile.TemporaryDirectory() as folder:
        make_all(folder)
        for backend in (None, "epoll"):
            check_seven(folder, backend)
            check_refused(folder, backend)


if __name__ == "__main__":
    assert len(sys.argv) == 2, __doc__
    os.environ.pop("SSL_CERT_DIR", None)
    main()
