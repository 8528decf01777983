#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The web services as their users meet them, by Python's http.client, by curl and by wrk.

covers: Z32, Z33, Z34, Z36, Z37, W02, W04, W39, W40, W41, W42, W43, W23

    tests/examples/web.py BUILD_DIR
"""

import gzip
import http.client
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from servers import program


class Service:
    """A program that prints where it serves; SIGINT ends it, and it must end well."""

    def __init__(self, name, *arguments, backend, address="127.0.0.1:0"):
        environment = dict(os.environ)
        if backend:
            environment["LIBAWAIT_BACKEND"] = backend
        self.child = subprocess.Popen([program(name), *arguments, address], env=environment,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        line = self.child.stdout.readline()
        match = re.fullmatch(r"Serving http://127\.0\.0\.1:(\d+)/\n", line)
        if not match:
            self.child.kill()
            raise AssertionError(f"printed {line!r}, {self.child.communicate()}")
        self.port = int(match.group(1))
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.child.kill()
        self.child.send_signal(signal.SIGINT)
        output, self.errors = self.child.communicate(timeout=20)
        if not kind:
            assert self.child.returncode in (0, 1), (self.child.returncode, self.errors)
            self.output = output

    def get(self, path, method="GET", body=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer, data

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"


def curl(*arguments):
    done = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "20", "--noproxy", "*",
                           *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def ask_many(service, count, clients):
    """Seconds of each of `count` requests of so many clients."""
    times, lock = [], threading.Lock()

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        for _ in range(count):
            begun = time.monotonic()
            connection.request("GET", "/fib/6")
            assert connection.getresponse().read() == b'{"result": 8}'
            with lock:
                times.append(time.monotonic() - begun)
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def check_fib_service(backend):
    with Service("fib_service", backend=backend) as service:
        answer, data = service.get("/fib/6")
        assert (answer.status, data) == (200, b'{"result": 8}'), (answer.status, data)
        assert answer.headers["Content-Type"] == "application/json", answer.headers
        assert json.loads(curl(service.url("/fib/20"))) == {"result": 6765}
        assert service.get("/fib/x")[0].status == 404
        assert service.get("/fib/6", "POST")[0].status == 405
        assert curl("--head", service.url("/fib/6")).startswith("HTTP/1.1 200 OK\n")
        # While a long computation runs, the others do not wait for it.
        long_one = threading.Thread(target=service.get, args=("/fib/36",))
        long_one.start()
        assert len(ask_many(service, 20, 5)) == 100
        long_one.join()
    assert service.errors == "", service.errors


def check_load(backend):
    """wrk finds nothing to complain of."""
    with Service("fib_service", backend=backend) as service:
        done = subprocess.run(["wrk", "-t1", "-c50", "-d1", service.url("/fib/6")],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout
        assert int(re.search(r"(\d+) requests in", done.stdout).group(1)) > 500, done.stdout
    assert service.errors == "", service.errors


def check_fib_blocking(backend):
    """The article's failure: while it computes nobody is answered, and the watchdog says who it is."""
    with Service("fib_blocking", backend=backend) as service:
        long_one = threading.Thread(target=service.get, args=("/fib/36",))
        long_one.start()
        time.sleep(0.02)
        assert service.get("/fib/6")[1] == b'{"result": 8}'
        long_one.join()
    # A fast machine needs less than the 0.1 s that are worth a word.
    assert service.errors == "" or "fib_handler" in service.errors, service.errors


def check_events(backend):
    with Service("events", backend=backend) as service:
        assert b"EventSource" in service.get("/")[1]
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
        connection.request("GET", "/events")
        answer = connection.getresponse()
        assert answer.headers["Content-Type"] == "text/event-stream", answer.headers
        for _ in range(3):
            line = answer.readline()
            assert re.fullmatch(rb"data: \d\d:\d\d:\d\d\n", line), line
            assert answer.readline() == b"\n"
        connection.close()
        other = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
        other.request("GET", "/events")
        stream = other.getresponse()
        stream.readline()
        service.child.send_signal(signal.SIGTERM)
        stream.read()  # raises if it is cut, not ended
        other.close()
        service.child.wait(timeout=10)
    assert service.errors == "", service.errors


def check_todo(backend):
    with Service("todo", backend=backend) as service:
        url, kind = service.url("/todos"), ["-H", "Content-Type: application/json"]
        milk = json.loads(curl(url, *kind, "-d", '{"title": "buy milk"}'))
        assert milk == {"id": 1, "title": "buy milk", "done": False}, milk
        assert "201 Created" in curl("-i", url, *kind, "-d", '{"title": "drink it"}')
        assert [todo["id"] for todo in json.loads(curl(url))] == [1, 2]
        done = curl("-X", "PATCH", url + "/1", *kind, "-d", '{"done": true}')
        assert json.loads(done)["done"] is True
        assert "204 No Content" in curl("-i", "-X", "DELETE", url + "/1")
        assert service.get("/todos/1")[0].status == 404
        for body, status in (("{", 400), ("[]", 422), ('{"title": 1}', 422)):
            answer = service.get("/todos", "POST", body, {"Content-Type": "application/json"})[0]
            assert answer.status == status, (body, answer.status)
        assert service.get("/todos", "POST", "x", {"Content-Type": "text/plain"})[0].status == 415
        assert service.get("/todos", "PUT")[0].status == 405
    assert service.errors.count("\n") == 11, service.errors
    assert '"POST /todos HTTP/1.1" 201 ' in service.errors, service.errors


def check_fetch(backend):
    """The article's fetcher, never more than four at a time; and a page in a plain main()."""
    environment = dict(os.environ, **({"LIBAWAIT_BACKEND": backend} if backend else {}))
    with Service("fib_service", backend=backend) as service:
        urls = [service.url(f"/fib/{n}") for n in range(1, 8)] + [service.url("/nothing")]
        done = subprocess.run([program("fetch_urls"), *urls], env=environment, timeout=60,
                              capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        assert done.returncode == 1 and len(lines) == 8, done
        assert lines[5] == f"{urls[5]}: 200, 13 bytes", lines
        assert lines[7] == f"{urls[7]}: 404, 15 bytes", lines
        done = subprocess.run([program("fetch_one"), urls[5]], env=environment, timeout=60,
                              capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, '{"result": 8}'), done
        done = subprocess.run([program("fetch_one"), "https" + urls[5][4:]], env=environment,
                              timeout=60, capture_output=True, text=True, check=False)
        assert done.returncode == 1 and "TLS" in done.stderr, done
    assert service.errors == "", service.errors


class Hop(http.server.BaseHTTPRequestHandler):
    """Tells which fields have come, and sends some that are for the next hop only."""

    def do_GET(self):
        body = "\n".join(self.headers).lower().encode()
        self.send_response(200)
        for field in (("Connection", "close, X-Hop"), ("X-Hop", "1"), ("X-End", "2"),
                      ("Content-Length", str(len(body)))):
            self.send_header(*field)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def check_hops(backend):
    """What Connection lists goes no further (RFC 9110, 7.6.1)."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hop) as upstream:
        threading.Thread(target=upstream.serve_forever, daemon=True).start()
        with Service("reverse_proxy", f"http://127.0.0.1:{upstream.server_port}/",
                     backend=backend) as proxy:
            fields = {"Connection": "x-mine ,  keep-alive", "X-Mine": "1", "X-Other": "2"}
            answer, data = proxy.get("/", headers=fields)
        upstream.shutdown()
    names = data.decode().split("\n")
    assert "x-other" in names and "x-mine" not in names, names
    assert answer.headers["X-End"] == "2" and answer.headers["X-Hop"] is None, answer.headers


def check_download(backend):
    """Through a reverse proxy, to a file: whole, or not at all."""
    environment = dict(os.environ, **({"LIBAWAIT_BACKEND": backend} if backend else {}))
    with tempfile.TemporaryDirectory() as site:
        large = os.urandom(5 << 20)
        with open(os.path.join(site, "large.bin"), "wb") as file:
            file.write(large)
        saved = os.path.join(site, "saved")

        def download(url, path=saved):
            return subprocess.run([program("download"), url, path], env=environment, timeout=60,
                                  capture_output=True, text=True, check=False)

        with Service("files", site, backend=backend) as files:
            with Service("reverse_proxy", files.url("/"), backend=backend) as proxy:
                done = download(proxy.url("/large.bin"))
                assert (done.returncode, done.stderr) == (0, ""), done
                assert done.stdout == f"{saved}: {len(large)} bytes\n", done
                with open(saved, "rb") as file:
                    assert file.read() == large
                done = download(proxy.url("/missing"))
                assert done.returncode == 1 and "404" in done.stderr, done
                assert os.path.getsize(saved) == len(large)
                done = download(proxy.url("/large.bin"), "/dev/full/x")
                assert done.returncode == 1 and "/dev/full" in done.stderr, done
                answer = proxy.get("/large.bin", headers={"Range": "bytes=10-19"})
                assert answer[0].status == 206 and answer[1] == large[10:20]
                assert proxy.get("//127.0.0.1:1/")[0].status == 404
                assert proxy.get("/large.bin", "HEAD")[0].headers["Content-Length"] == "5242880"
            assert proxy.errors == "", proxy.errors
        with Service("todo", backend=backend) as todo:
            with Service("reverse_proxy", todo.url("/"), backend=backend) as proxy:
                kind = {"Content-Type": "application/json"}
                answer = proxy.get("/todos", "POST", '{"title": "buy milk"}', kind)
                assert answer[0].status == 201, answer[0].status
        with Service("reverse_proxy", "http://127.0.0.1:1/", backend=backend) as proxy:
            assert proxy.get("/")[0].status == 502
        assert "127.0.0.1:1" in proxy.errors, proxy.errors
        assert subprocess.run([program("download")], capture_output=True, check=False,
                              timeout=20).returncode == 2


def check_files(backend):
    with tempfile.TemporaryDirectory() as site:
        large = os.urandom(3 << 20)
        contents = {"large.bin": large, "a b.txt": b"text", "sub/index.html": b"<p>sub</p>",
                    "app.js": b"plain", "app.js.gz": gzip.compress(b"plain")}
        os.mkdir(os.path.join(site, "sub"))
        for name, data in contents.items():
            with open(os.path.join(site, name), "wb") as file:
                file.write(data)
        os.symlink("/etc/passwd", os.path.join(site, "passwd"))
        with Service("files", site, backend=backend) as service:
            answer, data = service.get("/large.bin")
            assert (answer.status, data) == (200, large), answer.status
            tag = answer.headers["ETag"]
            assert service.get("/large.bin", headers={"If-None-Match": tag})[0].status == 304
            assert service.get("/large.bin", headers={"If-Match": '"x"'})[0].status == 412
            # What curl continues is what was there before, and what it saves has the file's time.
            half = os.path.join(site, "half")
            with open(half, "wb") as file:
                file.write(large[:1234567])
            curl("-R", "-C", "-", "-o", half, service.url("/large.bin"))
            with open(half, "rb") as file:
                assert file.read() == large
            times = [os.stat(os.path.join(site, name)).st_mtime for name in ("half", "large.bin")]
            assert abs(times[0] - times[1]) <= 1, times
            assert curl("--compressed", service.url("/app.js")) == "plain"
            answer, data = service.get("/app.js", headers={"Accept-Encoding": "gzip"})
            assert answer.headers["Content-Encoding"] == "gzip" and data == contents["app.js.gz"]
            assert curl(service.url("/a%20b.txt")) == "text"
            assert curl("-L", service.url("/sub")) == "<p>sub</p>"
            listing = curl(service.url("/"))
            assert '<a href="./a%20b.txt">a b.txt</a>' in listing, listing
            for path in ("/passwd", "/../etc/passwd", "/%2e%2e/etc/passwd", "/sub%2findex.html",
                         "/none", "//etc/passwd"):
                assert "404 Not Found" in curl("-i", "--path-as-is", service.url(path)), path
            assert service.get("/a%20b.txt", "DELETE")[0].status == 405
        assert '"GET /sub/ HTTP/1.1" 200 10' in service.errors, service.errors


def spooled(pid):
    """Whether the process has a file open that has no name."""
    directory = f"/proc/{pid}/fd"
    for fd in os.listdir(directory):
        try:
            if "(deleted)" in os.readlink(os.path.join(directory, fd)):
                return True
        except FileNotFoundError:
            pass
    return False


def check_upload(backend):
    with tempfile.TemporaryDirectory() as work:
        kept, small, large = (os.path.join(work, name) for name in ("kept", "a b.txt", "large.bin"))
        os.mkdir(kept)
        with open(small, "wb") as file:
            file.write(b"small\r\n--file\r\n")
        with open(large, "wb") as file:
            file.write(os.urandom(20_000_000))
        with Service("upload", kept, backend=backend) as service:
            url = service.url("/")
            assert 'enctype="multipart/form-data"' in curl(url)
            assert curl("-F", f"file=@{small}", "-F", f"file=@{large}", "-F", "x=y",
                        url) == "2 files, 20000015 bytes\n"
            for path in (small, large):
                with open(path, "rb") as sent, \
                        open(os.path.join(kept, os.path.basename(path)), "rb") as saved:
                    assert sent.read() == saved.read(), path
            # A name is a name, and never a path.
            assert curl("-F", f"file=@{small};filename=../../out", url).startswith("1 files")
            assert sorted(os.listdir(kept)) == ["a b.txt", "large.bin", "out"], os.listdir(kept)
            assert "422" in curl("-i", "-F", f"file=@{small};filename=.hidden", url)
            assert "415" in curl("-i", "-H", "Content-Type: text/plain", "-d", "x", url)
            assert curl("-d", "x=y", url) == "0 files, 0 bytes\n"
            # A client that leaves in the middle of an upload leaves nothing behind.
            with socket.create_connection(("127.0.0.1", service.port)) as client:
                client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n"
                               b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
                               b"Content-Disposition: form-data; name=file; filename=z\r\n\r\n"
                               + b"z" * 2_000_000)
            until = time.monotonic() + 10
            while spooled(service.child.pid):
                assert time.monotonic() < until, "its file is still open"
                time.sleep(0.05)
            assert len(os.listdir(kept)) == 3
    assert service.errors == "", service.errors


def check_wrong_address():
    for address in ("nonsense", "127.0.0.1:99999", "256.0.0.1:80"):
        done = subprocess.run([program("events"), address], capture_output=True, text=True,
                              timeout=20, check=False)
        assert done.returncode == 1 and done.stdout == "", (address, done)
        assert address in done.stderr, done.stderr


def main():
    for backend in ("uring", "epoll"):
        check_fib_service(backend)
        check_load(backend)
        check_fib_blocking(backend)
        check_events(backend)
        check_todo(backend)
        check_fetch(backend)
        check_hops(backend)
        check_download(backend)
        check_files(backend)
        check_upload(backend)
    check_wrong_address()
    print("web services: answered as they should")


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    main()
