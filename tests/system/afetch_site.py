# SPDX-License-Identifier: MIT
"""A site for the tests of afetch: it behaves as it is asked to, and counts."""

import collections
import email.utils
import http.server
import socket
import ssl
import struct
import threading
import time
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def send(self, body=b"", status=200, **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self):
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        words = parts.path.strip("/").split("/")
        size = int(self.headers.get("Content-Length", 0))
        self.body = self.rfile.read(size)
        site = self.server.site
        with site.lock:
            site.times[self.path].append(time.monotonic())
            site.now += 1
            site.most = max(site.most, site.now)
        try:
            getattr(self, "page_" + words[0], self.page_none)(words[1:], query)
        finally:
            with site.lock:
                site.now -= 1

    do_GET = do_POST = do_PUT = do_HEAD = handle_any

    def count(self):
        return len(self.server.site.times[self.path])

    def page_none(self, words, query):
        self.send(b"there is nothing here\n", 404)

    def page_ok(self, words, query):
        self.send("/".join(words).encode() + b"\n")

    def page_letters(self, words, query):
        """/letters/A/1000: so many of a letter."""
        self.send(words[0].encode() * int(words[1]))

    def page_slow(self, words, query):
        """/slow/0.5/...: after so many seconds; gives up when the site ends."""
        self.server.site.ending.wait(float(words[0]))
        self.send(b"slow\n")

    def page_stall(self, words, query):
        """The head and a piece of the body, then nothing."""
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 10)
        self.server.site.ending.wait(30)
        self.close_connection = True

    def page_cut(self, words, query):
        """The first so many times the body is cut short."""
        if self.count() > int(words[0]):
            return self.send(b"whole\n")
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"half")
        self.close_connection = True

    def page_reset(self, words, query):
        """The first so many times the connection is reset before an answer."""
        if self.count() > int(words[0]):
            return self.send(b"at last\n")
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def page_busy(self, words, query):
        """/busy/TIMES/STATUS?after=...: refuses so many times."""
        if self.count() > int(words[0]):
            return self.send(b"free\n")
        after = query.get("after", "")
        if after.startswith("date+"):
            after = email.utils.formatdate(time.time() + float(after[5:]), usegmt=True)
        fields = {"Retry_After": after} if after else {}
        self.send(b"busy\n", int(words[1]), **fields)

    def page_redirect(self, words, query):
        """/redirect/3/...: so many times, then to /ok."""
        left = int(words[0])
        self.send(b"", 302, Location=f"/redirect/{left - 1}" if left else "/ok/there")

    def page_to(self, words, query):
        """/to/...?url=...: it is there."""
        self.send(b"", 302, Location=query["url"])

    def page_echo(self, words, query):
        fields = "".join(f"{name}: {value}\n" for name, value in self.headers.items())
        self.send(f"{self.command} {self.path}\n{fields}\n".encode() + self.body)

    def page_fields(self, words, query):
        self.send_response(200)
        for line in (b"Set-Cookie: a=1", b"Set-Cookie: b=2", b"X-Many: one", b"X-Many: two",
                     b"X-Old: caf\xe9", b"X-New: caf\xc3\xa9"):
            self._headers_buffer.append(line + b"\r\n")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1000
    daemon_threads = True
    block_on_close = False

    def process_request(self, request, client_address):
        self.site.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request, client_address):
        pass  # clients that hang up are what is tested


class Site:
    def __init__(self, certificate=None):
        self.lock = threading.Lock()
        self.ending = threading.Event()
        self.times = collections.defaultdict(list)
        self.now = self.most = self.connections = 0
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.site = self
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        self.base = f"{scheme}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.server.shutdown()
        self.server.server_close()

    def url(self, path):
        return self.base + path

    def requests(self):
        with self.lock:
            return sum(len(times) for times in self.times.values())
