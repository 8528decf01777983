#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""afetch from the outside; see afetch.sh."""

import contextlib
import fcntl
import glob
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from afetch_site import Site

BUILD = sys.argv[1]
AFETCH = os.path.join(BUILD, "tools", "afetch")
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def default_signals():
    """A program started in the background of a shell script would ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def start(*arguments, backend=None, limit=None, environment=None, **options):
    environment = dict(os.environ) | (environment or {})
    if backend:
        environment["LIBAWAIT_BACKEND"] = backend

    def prepare():
        default_signals()
        if limit:
            resource.setrlimit(*limit)

    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
               "stdin": subprocess.DEVNULL} | options
    return subprocess.Popen([AFETCH, *map(str, arguments)], env=environment, preexec_fn=prepare,
                            **options)


def run(*arguments, status=0, text=None, feed=None, **options):
    """Its output and its messages; `text` must be in the messages."""
    if feed is not None:
        options["stdin"] = subprocess.PIPE
    child = start(*arguments, **options)
    out, errors = child.communicate(feed, timeout=60)
    errors = errors.decode() if errors else ""
    assert child.returncode == status, (arguments, child.returncode, errors)
    assert text is None or text in errors, (arguments, text, errors)
    return out, errors


def records(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def by_url(path):
    found = {record["url"]: record for record in records(path)}
    assert len(found) == len(records(path)), "a URL twice in the log"
    return found


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory() as path:
        yield path


def parts_in(path):
    return glob.glob(os.path.join(path, ".afetch-*"))


def wait_for(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.01)


def catches(child, signo):
    with open(f"/proc/{child.pid}/status", encoding="ascii") as file:
        caught = int(re.search(r"SigCgt:\s+([0-9a-f]+)", file.read())[1], 16)
    return caught >> (signo - 1) & 1


# ---- The command line ----

def check_arguments():
    url = "http://127.0.0.1:1/"
    for arguments, text in (
            ([], "no URL"), (["--what"], "there is no option --what"), (["-c"], "a value is missing"),
            (["-c", "0", url], "--concurrency 0: a whole number from 1 to 100000"),
            (["-c", "1.5", url], "--concurrency 1.5"), (["-c", "many", url], "--concurrency many"),
            (["-c", "-3", url], "--concurrency -3"), (["-c", "5x", url], "--concurrency 5x"),
            (["--delay", "nan", url], "--delay nan: seconds from 0 to 86400"),
            (["--max-bytes", "3T", url], "--max-bytes 3T"),
            (["--max-line", "100k", url], "--max-line 100k"),
            (["-H", "no colon", url], "--header wants 'Name: value'"),
            (["-H", "a b: c", url], "--header wants 'Name: value'"),
            (["-H", "a: b\r\nc: d", url], "--header wants 'Name: value'"),
            (["-o", "x", "-O", url], "exclude each other"), (["-n", "-O", url], "exclude each other"),
            (["-l", "-", url], "cannot both go to standard output"),
            (["-r", url], "--resume needs the --log"), (["-r", "-n", "-l", "-", url], "--resume"),
            (["-i", "/nowhere/at/all"], "--input /nowhere/at/all: No such file"),
            (["-i", "-", "-i", "-"], "can be given once"),
            (["-zq", url], "there is no option -z\n"), (["--re", url], "several options begin with --re"),
            (["--quiet=1", url], "no value belongs to --quiet"),
            (["--log"], "a value is missing behind --log"),
            (["--window", "0", url], "from 1 to 10000000"),
            (["-X", "GET x", url], "--method wants one word"), (["-X", "", url], "--method wants"),
            (["-A", "a\nb: c", url], "--user-agent wants text in one line"),
            (["-H", "a: b\x01", url], "--header wants 'Name: value'"),
            (["-d", "@/nowhere/at/all", url], "--data: ")):
        out, errors = run(*arguments, status=2, text=text)
        assert not out and errors.startswith("afetch: "), (arguments, errors)
    assert re.fullmatch(rb"afetch \d+\.\d+\.\d+\n", run("--version")[0])
    for arguments in (["--help"], ["--version"]):
        with open("/dev/full", "wb") as full:
            run(*arguments, stdout=full, status=3, text="standard output: No space left")
    out, errors = run("--help")
    assert not errors
    names = set(re.findall(r"--[a-z-]+", out.decode()))
    assert len(names) > 25
    with open(os.path.join(SOURCE, "docs", "afetch.1"), encoding="utf-8") as page:
        manual = set("--" + name for name in re.findall(r"Fl Fl ([a-z-]+)", page.read()))
    assert names == manual, f"help and manual differ: {names ^ manual}"
    if shutil.which("mandoc"):
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page.name],
                              capture_output=True, text=True, check=False)
        assert not lint.returncode, lint.stdout


# ---- Bodies ----

def check_bodies(site, backend):
    out, _ = run("-c", 1, site.url("/ok/a"), site.url("/ok/b"), backend=backend)
    assert out == b"a\nb\n", out
    # Those that are larger than what is held come whole all the same.
    letters = [chr(code) for code in range(ord("a"), ord("i"))]
    out, _ = run(*(site.url(f"/letters/{letter}/700000") for letter in letters), backend=backend)
    blocks = re.findall(rb"((.)\2*)", out, re.S)
    assert sorted(block[1].decode() for block in blocks) == letters, [b[1] for b in blocks]
    assert all(len(block[0]) == 700000 for block in blocks)
    # What is refused is no body.
    out, errors = run(site.url("/none"), status=1, text="/none: status 404 Not Found")
    assert not out and "0 fetched, 1 failed" in errors and "status: 404 1" in errors
    with folder() as path:
        run("-q", "-o", f"{path}/out", "-l", f"{path}/log", site.url("/ok/x.html"),
            site.url("/ok/x.html?1"), site.url("/letters/z/300000"), site.url("/letters/z/0"),
            site.url("/none"), status=1, backend=backend)
        found = by_url(f"{path}/log")
        assert not parts_in(f"{path}/out")
        for url, wanted in (("/ok/x.html", b"x.html\n"), ("/letters/z/300000", b"z" * 300000),
                            ("/letters/z/0", b"")):
            with open(os.path.join(path, "out", found[site.url(url)]["file"]), "rb") as file:
                assert file.read() == wanted
        names = {record["file"] for record in found.values()} - {None}
        assert names == set(os.listdir(f"{path}/out")) and len(names) == 4, names
        assert re.fullmatch(r"127\.0\.0\.1_\d+_ok_x-[0-9a-f]{16}\.html",
                            found[site.url("/ok/x.html")]["file"])


def check_request(site):
    out, _ = run("-q", "-X", "PUT", "-d", "some data", "-H", "X-Mine: 1", "-H", "Content-Type: a/b",
                 "-A", "me", site.url("/echo"))
    text = out.decode()
    assert text.startswith("PUT /echo\n") and text.endswith("\n\nsome data"), text
    for line in ("X-Mine: 1", "Content-Type: a/b", "User-Agent: me", "Content-Length: 9"):
        assert line + "\n" in text, (line, text)
    with folder() as path:
        with open(f"{path}/data", "wb") as file:
            file.write(b"\0bytes")
        out, _ = run("-q", "-d", f"@{path}/data", site.url("/echo"))
        assert out.startswith(b"POST /echo\n") and out.endswith(b"\n\n\0bytes"), out
    # By name: cookies of addresses are not kept.
    urls = [site.url(path).replace("127.0.0.1", "localhost") for path in ("/fields", "/echo")]
    assert b"Cookie" not in run("-q", "-c", 1, *urls)[0]
    assert b"\nCookie: a=1; b=2\n" in run("-q", "-c", 1, "--cookies", *urls)[0]
    for arguments, environment in ((["--proxy", site.base], {}),
                                   (["--environment"], {"http_proxy": site.base})):
        out, _ = run("-q", *arguments, "http://elsewhere.example/ok/proxied",
                     environment=environment)
        assert out == b"proxied\n"
    assert len(site.times["http://elsewhere.example/ok/proxied"]) == 2
    before = site.connections
    run("-q", "-n", "-c", 1, *(site.url(f"/ok/{i}") for i in range(10)))
    assert site.connections == before + 1, "connections are not kept"
    assert run("-q", "-X", "HEAD", site.url("/letters/a/1000"))[0] == b""


# ---- Input and log ----

def check_input(site, backend):
    lines = (b"# a comment\n\n   \r\n" + site.url("/ok/1").encode() + b"\r\n  " +
             site.url("/ok/2").encode() + b"\t\n" + b"http://x/" + b"y" * 500 + b"\n" +
             b"http://x/\0y\nhttp://\xff\xfe/\nftp://x/\nno url\n" +
             site.url("/ok/caf\u00e9").encode("latin-1") + b"\n" + site.url("/ok/last").encode())
    with folder() as path:
        with open(f"{path}/more", "wb") as file:
            file.write(site.url("/ok/file").encode() + b"\n")
        run("-n", "-i", "-", "-i", f"{path}/more", "-l", f"{path}/log", "--max-line", 100,
            site.url("/ok/argument"), feed=lines, status=1, backend=backend)
        found = records(f"{path}/log")
        _, errors = run("-n", "-r", "-i", "-", "-l", f"{path}/log", "--max-line", 100, feed=lines,
                        status=1, backend=backend)
        assert "0 fetched, 5 failed, 4 fetched before" in errors, errors
    fetched = {record["url"]: record for record in found if record["ok"]}
    assert set(fetched) == {site.url("/ok/" + name) for name in
                            ("1", "2", "caf\u00e9", "last", "file", "argument")}, set(fetched)
    assert fetched[site.url("/ok/argument")]["line"] is None
    assert fetched[site.url("/ok/1")]["line"] == 4 and fetched[site.url("/ok/last")]["line"] == 12
    failed = {record["line"]: record for record in found if not record["ok"]}
    assert set(failed) == {6, 7, 8, 9, 10}, failed
    assert failed[6]["url"] is None and failed[6]["error"].startswith(
        "line 6 of standard input is longer than 100 bytes (--max-line)"), failed[6]
    assert failed[7]["url"] == "http://x/\0y" and "zero byte" in failed[7]["error"]
    assert failed[9]["error_code"] == "EPROTONOSUPPORT" and failed[10]["error_code"] == "EINVAL"
    assert all(record["status"] is None and record["tries"] == 0 for record in failed.values())


def check_kinds_of_input(site):
    """A FIFO whose writer comes late, a file that ends while it is read, what is no file."""
    with folder() as path:
        os.mkfifo(f"{path}/fifo")
        child = start("-n", "-q", "-i", f"{path}/fifo")
        with open(f"{path}/fifo", "wb") as fifo:
            fifo.write(site.url("/ok/1").encode())
            fifo.flush()
            time.sleep(0.1)
            fifo.write(b"2\n" + site.url("/ok/3").encode() + b"\n")
            fifo.flush()
            wait_for(lambda: site.requests() == 2, "lines are fetched as they come")
        assert child.wait(20) == 0 and site.times["/ok/12"] and site.times["/ok/3"]
        child.stdout.close()
        child.stderr.close()
        _, errors = run("-n", "-i", path, status=3, text=f"cannot read {path}: Is a directory")
        assert "fetched" not in errors.replace("0 fetched, 0 failed;", ""), errors
        run("-n", "-i", "/dev/null")
        out, _ = run("-i", "-", stdin=subprocess.DEVNULL)
        assert out == b""


def check_marks_and_controls(site):
    """What editors put in front, and what must not reach a terminal."""
    for mark in (b"\xef\xbb\xbf", b""):
        assert run("-q", "-i", "-", feed=mark + site.url("/ok/1").encode() + b"\r\n")[0] == b"1\n"
    _, errors = run("-n", "-i", "-", feed=b"a\x1b]0;b\x07\xc2\x9bc\nsecond line\n", status=1)
    assert errors.startswith("afetch: a?]0;b???c: no scheme"), errors
    assert "second line: " in errors and errors.count("second line") == 2, errors
    assert not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f]", errors), errors


def check_closed_descriptors(site):
    """What is closed is not mistaken for the next file that is opened."""
    with folder() as path:
        def shell(text):
            return subprocess.run(["sh", "-c", f"exec {AFETCH} {text}"], capture_output=True,
                                  timeout=60, check=False)
        urls = f"{site.url('/ok/1')} {site.url('/none')}"
        child = shell(f"-o {path}/out -l {path}/log {urls} <&- >&- 2>&-")
        assert child.returncode == 1
        assert sorted(record["ok"] for record in records(f"{path}/log")) == [False, True]
        name = [record["file"] for record in records(f"{path}/log") if record["ok"]][0]
        with open(f"{path}/out/{name}", "rb") as file:
            assert file.read() == b"1\n"
        for text in (f"{urls} >&-", f"-n -l - {urls} >&-", f"{urls} 1</dev/null"):
            child = shell(text)
            assert child.returncode == 3 and b"standard output is closed" in child.stderr, child
        child = shell("-n -i - <&-")
        assert child.returncode == 3 and b"cannot read standard input: Bad" in child.stderr, child


def check_kinds_of_log(site, backend):
    """A FIFO that is read late; one that nobody reads does not hold up Ctrl-C; two runs at once."""
    with folder() as path:
        os.mkfifo(f"{path}/fifo")
        child = start("-n", "-l", f"{path}/fifo", site.url("/ok/1"), backend=backend)
        assert b"waiting for somebody to read the log" in child.stderr.readline()
        with open(f"{path}/fifo", encoding="utf-8") as fifo:
            assert json.loads(fifo.read())["ok"] is True
        _, errors = child.communicate(timeout=20)
        assert child.returncode == 0, errors
        for arguments in (["-l", f"{path}/fifo", site.url("/ok/1")], ["-i", f"{path}/fifo"]):
            child = start("-n", *arguments, backend=backend)
            wait_for(lambda: catches(child, signal.SIGINT), "it listens to signals")
            time.sleep(0.1)  # and is where it waits
            child.send_signal(signal.SIGINT)
            _, errors = child.communicate(timeout=20)
            assert child.returncode == 130, (arguments, child.returncode, errors)
        run("-n", "-r", "-l", f"{path}/fifo", site.url("/ok/1"), status=3, backend=backend,
            text=f"--resume reads the log, and {path}/fifo is no regular file")
        seen = site.requests()
        child = start("-n", "-l", f"{path}/log", site.url("/slow/1/x"), backend=backend)
        wait_for(lambda: site.requests() > seen, "it has begun")
        for arguments in ([], ["-r"]):
            run("-n", *arguments, "-l", f"{path}/log", site.url("/ok/2"), status=3, backend=backend,
                text=f"another afetch writes to the log {path}/log")
        child.communicate(timeout=20)
        assert child.returncode == 0 and len(records(f"{path}/log")) == 1


def check_log(site):
    with folder() as path:
        log = f"{path}/log"
        run("-n", "-l", log, site.url("/fields"), site.url("/redirect/2"), site.url("/none"),
            "http://127.0.0.1:1/", "--retries", 0, status=1)
        found = by_url(log)
        fields = found[site.url("/fields")]
        assert fields["headers"]["set-cookie"] == ["a=1", "b=2"], fields
        assert fields["headers"]["x-many"] == "one, two"
        assert fields["headers"]["x-old"] == fields["headers"]["x-new"] == "caf\u00e9"
        assert fields["ok"] is True and fields["error"] is None and fields["size"] == 2
        times = fields["times"]
        assert 0 < times["head"] <= times["total"] < 20 and times["connect"] > 0, times
        assert times["tls"] == times["proxy"] == 0 and fields["phase"] is None
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", fields["begun"])
        moved = found[site.url("/redirect/2")]
        assert moved["final_url"] == site.url("/ok/there") and moved["redirects"] == 3, moved
        refused = found["http://127.0.0.1:1/"]
        assert refused["error_code"] == "ECONNREFUSED" and refused["tries"] == 1
        assert refused["phase"] == "connect" and found[site.url("/none")]["phase"] == "done"
        assert refused["status"] is None and refused["headers"] is None
        assert found[site.url("/none")]["error_code"] == "EREMOTEIO"
        # It is not overwritten, and standard output will do too.
        run("-n", "-l", log, site.url("/ok/1"), status=3, text="--resume goes on with it")
        out, _ = run("-q", "-n", "-l", "-", site.url("/ok/1"))
        assert json.loads(out)["url"] == site.url("/ok/1")


# ---- Retries, limits ----

def gaps(site, path):
    times = site.times[path]
    return [later - earlier for earlier, later in zip(times, times[1:])]


def check_retries(site):
    mark = "?1"
    urls = {"reset": f"/reset/2/{mark}", "cut": f"/cut/1/{mark}",
            "asked": f"/busy/1/503{mark}&after=1", "date": f"/busy/1/429{mark}&after=date%2B2",
            "gateway": f"/busy/1/502{mark}", "far": f"/busy/1/503{mark}&after=3600"}
    with folder() as path:
        # One after the other, since a host that asks for patience is left alone.
        for name, most in (("reset", 5), ("cut", 5), ("asked", 5), ("date", 5), ("gateway", 5),
                           ("far", 0.3)):
            run("-q", "-n", "-l", f"{path}/{name}", "--retry-delay", 0.2, "--retry-max", most,
                site.url(urls[name]))
            assert records(f"{path}/{name}")[0]["tries"] == len(site.times[urls[name]]), name
    tries = {name: len(site.times[url]) for name, url in urls.items()}
    # The client itself asks once more at once where a kept connection was closed.
    assert tries == {"reset": 3, "cut": 2, "asked": 2, "date": 2, "gateway": 2, "far": 2}, tries
    first, second = gaps(site, urls["reset"])
    assert first >= 0.09 and second >= 0.19, (first, second)
    assert gaps(site, urls["asked"])[0] >= 0.99
    assert gaps(site, urls["date"])[0] >= 0.9  # a date has no fractions
    assert 0.29 <= gaps(site, urls["far"])[0] < 60
    # What will not change, and what must not be done twice, is not.
    for path, arguments in ((f"/none/{mark}", []), (f"/reset/1/post{mark}", ["-d", "x"])):
        run("-n", site.url(path), *arguments, status=1)
        assert len(site.times[path]) == 1, path
    run("-n", "--retries", 1, "--retry-delay", 0.01, site.url(f"/busy/9/503{mark}"), status=1,
        text="status 503")
    assert len(site.times[f"/busy/9/503{mark}"]) == 2


def check_limits(site):
    run("-n", "--retries", 0, "--read-timeout", 0.2, site.url("/slow/20/1"), status=1,
        text="waiting for the answer took longer than 0.2 s (--read-timeout)")
    run("-n", "--retries", 0, "--read-timeout", 0.2, site.url("/stall"), status=1,
        text="waiting for the body took longer than 0.2 s (--read-timeout)")
    run("-n", "--retries", 0, "-t", 0.2, site.url("/slow/20/2"), status=1,
        text="waiting for the answer: it took longer than 0.2 s in all (--timeout)")
    run("-n", "--retries", 0, "-t", 0.2, site.url("/stall"), status=1,
        text="reading the body: it took longer than 0.2 s in all (--timeout)")
    out, _ = run("--max-bytes", "1k", site.url("/letters/a/1025"), site.url("/letters/b/1024"),
                 status=1, text="longer than 1024 bytes (--max-bytes)")
    assert out == b"b" * 1024
    run("-n", "--redirects", 2, site.url("/redirect/1"))
    run("-n", "--redirects", 2, site.url("/redirect/2"), status=1,
        text="more than 2 redirects (--redirects)")
    run("-X", "HEAD", "--max-bytes", 10, site.url("/letters/a/1000"))
    out, _ = run("-q", "-n", "-l", "-", "--redirects", 0, site.url("/redirect/2"))
    assert json.loads(out)["status"] == 302


def check_hosts(backend):
    """Limits of each host, while another one goes on."""
    with Site() as slow, Site() as fast:
        urls = [slow.url(f"/slow/0.3/{i}") for i in range(12)]
        urls += [fast.url(f"/ok/{i}") for i in range(200)]
        child = start("-n", "-c", 50, "--per-host", 3, "-i", "-", stdin=subprocess.PIPE,
                      backend=backend)
        child.stdin.write("\n".join(urls).encode())
        child.stdin.close()
        wait_for(lambda: fast.requests() == 200, "the fast host is done")
        assert slow.requests() < 12, "the slow host held up the other one"
        assert child.wait(30) == 0
        assert slow.most == 3 and fast.most <= 3, (slow.most, fast.most)
        child.stdout.close()
        child.stderr.close()
    if backend == "uring":
        return  # the rest is the schedule's
    # A window of 4 is full of the slow host's; of 30 it is not.
    for window, held_up in ((4, True), (30, False)):
        with Site() as slow, Site() as fast:
            urls = [slow.url(f"/slow/0.3/{i}") for i in range(6)] + [fast.url("/ok/1")]
            run("-n", "--per-host", 1, "--window", window, "-i", "-", feed="\n".join(urls).encode())
            begun = min(min(times) for times in slow.times.values())
            passed = fast.times["/ok/1"][0] - begun
            assert (passed > 0.75) == held_up, (window, passed)
    with Site() as one, Site() as other:
        urls = [site.url(f"/ok/{i}") for i in range(5) for site in (one, other)]
        run("-n", "--delay", 0.2, *urls, backend=backend)
        for site in (one, other):
            times = sorted(min(times) for times in site.times.values())
            assert times[-1] - times[0] >= 0.7, times
    # The limit is a host's, however its URLs were come by: directly, or by redirects of hosts that
    # are asked often or once.
    with Site() as often, Site() as there, contextlib.ExitStack() as stack:
        once = [stack.enter_context(Site()) for _ in range(5)]
        urls = [site.url(f"/to/{i}?url={there.url(f'/slow/0.2/{i}')}")
                for i, site in enumerate([often] * 5 + once)]
        urls += [there.url(f"/slow/0.2/direct{i}") for i in range(5)]
        run("-n", "--per-host", 2, "-i", "-", feed="\n".join(urls).encode(), backend=backend)
        assert there.requests() == 15 and there.most <= 2, there.most
    # Who waits for a host that a redirect led to holds up nobody else.
    with Site() as there, Site() as other, contextlib.ExitStack() as stack:
        once = [stack.enter_context(Site()) for _ in range(4)]
        urls = [site.url(f"/to/1?url={there.url(f'/ok/{i}')}") for i, site in enumerate(once)]
        run("-n", "-c", 1, "--delay", 0.5, *urls, other.url("/ok/1"), backend=backend)
        assert other.times["/ok/1"][0] < max(min(times) for times in there.times.values())
    # Redirects are requests like others, and the wait for their turn is not the try's.
    with Site() as site:
        run("-n", "--delay", 0.2, "-t", 0.3, "--retries", 0, site.url("/redirect/2"),
            backend=backend)
        times = sorted(min(times) for times in site.times.values())
        assert len(times) == 4 and times[-1] - times[0] >= 0.5, times


# ---- What goes wrong here ----

def check_outputs(site, backend):
    urls = [site.url(f"/ok/{i}") for i in range(50)]
    run("-n", "-l", "/dev/full", *urls, status=3, backend=backend,
        text="cannot write the log /dev/full: No space left on device (ENOSPC)")
    with open("/dev/full", "wb") as full:
        run(*urls, stdout=full, status=3, backend=backend,
            text="standard output: No space left on device (ENOSPC)")
    with folder() as path:
        limit = (resource.RLIMIT_FSIZE, (10000, 10000))
        run("-o", f"{path}/out", site.url("/letters/a/100000"), status=3, text="(EFBIG)",
            limit=limit, backend=backend)
        assert os.listdir(f"{path}/out") == [], "half a file was left"
        with open(f"{path}/output", "w+b") as file:
            file.write(b"before ")
            file.flush()
            run(site.url("/ok/1"), stdout=file, backend=backend)
            run("-n", "-l", "-", site.url("/ok/1"), stdout=file, backend=backend)
            file.write(b"behind")
            file.seek(0)
            text = file.read()
            assert re.fullmatch(rb'before 1\n{"url".*}\nbehind', text), text
            run(site.url("/letters/a/100000"), stdout=file, status=3, limit=limit,
                text="standard output: File too large (EFBIG)", backend=backend)
        # The log is full in the middle of a line. What it does not say is fetched again.
        more = [site.url(f"/ok/{i}?{backend}") for i in range(60)]
        run("-n", "-c", 8, "-l", f"{path}/short", *more, status=3, limit=limit, backend=backend,
            text=f"cannot write the log {path}/short: File too large (EFBIG)")
        assert os.path.getsize(f"{path}/short") == 10000
        run("-n", "-l", f"{path}/short", "-r", *more, text=" fetched before", backend=backend)
        assert set(by_url(f"{path}/short")) == set(more)
        # Names that one who was killed has left, as in a container, where numbers are the same.
        with open(f"{path}/file", "wb"):
            pass
        script = (f'for i in 1 2 3; do : > {path}/out/.afetch-$$-$i.part; done; '
                  f'exec {AFETCH} -q -o {path}/out {site.url("/ok/1")}')
        subprocess.run(["sh", "-c", script], check=True, timeout=60)
        assert len(parts_in(f"{path}/out")) == 3 and len(os.listdir(f"{path}/out")) == 4
        run("-o", f"{path}/file", *urls, status=3, text=f"{path}/file: Not a directory (ENOTDIR)")
        run("-o", f"{path}/no/such", *urls, status=3, text="cannot make the directory")
        run("-n", "-l", f"{path}/no/log", *urls, status=3, text="cannot write the log")
        with open(f"{path}/log", "w", encoding="utf-8") as file:
            file.write("something else\n")
        run("-n", "-r", "-l", f"{path}/log", *urls, status=3, text="log:1: no record of afetch")
    child = start(site.url("/letters/a/3000000"))
    child.stdout.read(10)
    child.stdout.close()
    assert child.wait(20) == 3
    assert b"standard output: Broken pipe (EPIPE)" in child.stderr.read()
    child.stderr.close()


def check_descriptors(site, backend):
    urls = [site.url(f"/slow/0.02/{i}") for i in range(100)]
    with folder() as path:
        run("-c", 64, "-o", f"{path}/out", *urls, text="only 40 descriptors (ulimit -n)",
            limit=(resource.RLIMIT_NOFILE, (40, 40)), backend=backend)
        assert len(os.listdir(f"{path}/out")) == 100
        if backend == "uring":
            return  # what follows waits for connections to be closed
        # Somebody else has some of them: what it is short of is met on the way.
        held = [os.open("/dev/null", os.O_RDONLY) for _ in range(28)]
        _, errors = run("-c", 64, "-o", f"{path}/more", *urls, backend=backend, pass_fds=held,
                        limit=(resource.RLIMIT_NOFILE, (max(held) + 8, max(held) + 8)))
        for fd in held:
            os.close(fd)
        assert len(os.listdir(f"{path}/more")) == 100, errors


# ---- Ended early, and gone on with ----

def check_interrupt(backend):
    with Site() as site, folder() as path:
        urls = [site.url(f"/ok/{i}") for i in range(300)]
        slow = [site.url(f"/slow/{1 + i % 2}/{i}") for i in range(20)]
        with open(f"{path}/urls", "w", encoding="utf-8") as file:
            file.write("\n".join(urls[:150] + slow + urls[150:]))
        arguments = ("-c", 25, "-o", f"{path}/out", "-l", f"{path}/log", "-i", f"{path}/urls")
        for signo in (signal.SIGINT, signal.SIGTERM):
            child = start(*arguments, "-r", backend=backend)
            before = site.requests()
            wait_for(lambda: site.requests() >= before + 20 and
                     len(glob.glob(f"{path}/out/*")) > 3, "some are fetched")
            child.send_signal(signo)
            _, errors = child.communicate(timeout=20)
            assert child.returncode == 128 + signo, (child.returncode, errors)
            assert b" fetched, 0 failed" in errors and b" given up" in errors, errors
            found = by_url(f"{path}/log")
            assert all(record["ok"] for record in found.values())
            assert {record["file"] for record in found.values()} == set(os.listdir(f"{path}/out"))
            assert not parts_in(f"{path}/out")
        # As if the machine had stopped in the middle of a line.
        with open(f"{path}/log", "a", encoding="utf-8") as file:
            file.write('{"url":"' + slow[0])
        done = {url[len(site.base):]: len(site.times[url[len(site.base):]]) for url in found}
        _, errors = run(*arguments, "-r", backend=backend)
        assert f"{len(done)} fetched before" in errors, errors
        assert done == {path: len(site.times[path]) for path in done}, "fetched again"
        found = by_url(f"{path}/log")
        assert set(found) == set(urls + slow) and all(record["ok"] for record in found.values())
        assert len(os.listdir(f"{path}/out")) == 320
        seen = site.requests()
        run(*arguments, "-r", text="320 fetched before", backend=backend)
        assert site.requests() == seen


def check_slow_reader(site):
    """Who reads the output may take a break; nothing is lost, and Ctrl-C is heard all the same."""
    count = 1500
    urls = "\n".join(site.url(f"/ok/{i}") for i in range(count)).encode()
    child = start("-n", "-l", "-", "-i", "-", "-q", stdin=subprocess.PIPE)
    child.stdin.write(urls)
    child.stdin.close()
    settled = []

    def has_stopped():
        settled.append(site.requests())
        time.sleep(0.2)
        return 0 < settled[-1] == site.requests()

    wait_for(has_stopped, "it waits for its reader")
    assert site.requests() < count, "it does not wait for its reader"
    lines = child.stdout.read().decode().splitlines()
    assert child.wait(20) == 0
    assert {json.loads(line)["url"] for line in lines} == set(urls.decode().split("\n"))
    child.stdout.close()
    child.stderr.close()
    child = start("-O", *(site.url(f"/letters/{letter}/1000000") for letter in "abc"))
    wait_for(lambda: site.requests() == count + 3, "all are asked for")
    child.stdout.read(1)
    child.send_signal(signal.SIGINT)
    assert child.wait(20) == 130
    child.stdout.close()
    child.stderr.close()


def check_resume_of_failures(site):
    with folder() as path:
        arguments = ("-n", "-l", f"{path}/log", "-r", "--retries", 0, site.url("/reset/1/again"),
                     site.url("/ok/once"))
        run(*arguments, status=1)
        run(*arguments)
        assert [record["ok"] for record in records(f"{path}/log")].count(False) == 1
        assert len(site.times["/ok/once"]) == 1


# ---- On a terminal ----

def read_terminal(master):
    data = b""
    with contextlib.suppress(OSError):  # the other side is closed
        while select.select([master], [], [], 20)[0]:
            piece = os.read(master, 65536)
            if not piece:
                break
            data += piece
    return data


def check_terminal(site):
    urls = [site.url(f"/slow/1/{i}") for i in range(5)] + [site.url("/none")]
    for arguments, width, shown in (([], 60, True), (["-q"], 60, False), ([], 200, True)):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        child = start("-n", *arguments, *urls, stderr=slave)
        os.close(slave)
        text = read_terminal(master).decode()
        assert child.wait(20) == 1
        child.stdout.close()
        os.close(master)
        assert (" in flight" in text or "slowest: 127.0.0.1" in text) == shown, text
        if not shown:
            assert text == "", text
            continue
        assert "\033[2A\033[J" in text and f"afetch: {site.url('/none')}: status 404" in text, text
        assert "5 fetched, 1 failed" in text.split("\033[J")[-1], text
        if width == 60:
            lines = re.split(r"\r?\n|\033\[\d*[AJ]|\r", text.split("5 fetched, 1 failed;")[0])
            assert max(len(line) for line in lines if not line.startswith("afetch: ")) < 60, lines
    assert "\033" not in run("-n", *urls, status=1)[1], "progress in a pipe"


# ---- TLS ----

def check_tls():
    with folder() as path:
        for name, names in (("right", "IP:127.0.0.1"), ("wrong", "DNS:elsewhere.example")):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj",
                            "/CN=test", "-addext", f"subjectAltName={names}", "-keyout",
                            f"{path}/{name}.key", "-out", f"{path}/{name}.crt"],
                           check=True, capture_output=True)
            with open(f"{path}/{name}", "w", encoding="utf-8") as both:
                for part in ("key", "crt"):
                    with open(f"{path}/{name}.{part}", encoding="utf-8") as file:
                        both.write(file.read())
        with Site(f"{path}/right") as site:
            assert run("-q", "--ca", f"{path}/right.crt", site.url("/ok/1"))[0] == b"1\n"
            assert run("-q", "-k", site.url("/ok/2"))[0] == b"2\n"
            _, errors = run("-n", site.url("/ok/3"), status=1)
            assert "EKEYREJECTED" in errors and not site.times["/ok/3"], errors
            run("--ca", f"{path}/none", site.url("/ok/4"), status=3, text="No such file")
        with Site(f"{path}/wrong") as site:
            run("-n", "--ca", f"{path}/wrong.crt", site.url("/ok/5"), status=1, text="EKEYREJECTED")


# ---- Memory ----

def peak_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read())[1])


def memory_of(lines, count, backend):
    """The most memory while it fetches so many URLs that come through a pipe."""
    child = start("-q", "-n", "-c", 50, "--retries", 0, "-i", "-", backend=backend,
                  stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    for at in range(0, count, 1000):
        child.stdin.write("".join(lines(i) for i in range(at, at + 1000)).encode())
    child.stdin.flush()
    left = struct.pack("i", 0)
    wait_for(lambda: fcntl.ioctl(child.stdin, termios.FIONREAD, left) == left, "all is read")
    peak = peak_kb(child.pid)
    child.stdin.close()
    child.wait(60)
    child.stderr.close()
    return peak


def is_sanitized():
    with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as file:
        return re.search(r"^LIBAWAIT_SANITIZE:\w+=(address|thread)", file.read(), re.M)


def check_memory(backend):
    if is_sanitized():
        return  # what is freed is kept for a while there
    hello = os.path.join(BUILD, "bench", "http_hello")
    kinds = {"hosts": lambda i: f"http://127.{i >> 16}.{i >> 8 & 255}.{i & 255}:1/\n"}
    if os.path.exists(hello):
        with Site() as site:  # a port that is free
            port = site.base.rpartition(":")[2]
        server = subprocess.Popen([hello, port], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        kinds["URLs"] = lambda i: f"http://127.0.0.1:{port}/fib/6?number={i}\n"
    else:
        print("warning: there is no bench/http_hello: memory looked at with URLs that fail only")
        server = None
    try:
        for what, lines in kinds.items():
            time.sleep(0.3)
            few, many = memory_of(lines, 20000, backend), memory_of(lines, 200000, backend)
            print(f"{what}, {backend}: {few} kB at most for 20,000, {many} kB for 200,000")
            assert many < few * 1.25 + 1000, "memory grows with the number of URLs"
    finally:
        if server:
            server.kill()
            server.wait()


def main():
    backends = ["epoll"]
    probe = subprocess.run([AFETCH, "-q", "-n", "http://127.0.0.1:1/", "--retries", "0"],
                           env=dict(os.environ) | {"LIBAWAIT_BACKEND": "uring"}, check=False)
    if probe.returncode == 1:
        backends.append("uring")
    else:
        print("warning: no io_uring here: afetch.sh looked at epoll only")
    wanted = sys.argv[2:]
    checks = [value for name, value in globals().items() if name.startswith("check_")]
    for check in checks:
        if wanted and check.__name__.removeprefix("check_") not in wanted:
            continue
        begun = time.monotonic()
        takes = check.__code__.co_varnames[:check.__code__.co_argcount]
        for backend in backends if "backend" in takes else [None]:
            given = {"backend": backend} if backend else {}
            if "site" in takes:
                with Site() as site:
                    check(site=site, **given)
            else:
                check(**given)
        print(f"{check.__name__}: {time.monotonic() - begun:.1f} s", flush=True)


main()
