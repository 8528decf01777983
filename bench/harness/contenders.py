# SPDX-License-Identifier: MIT
"""Who takes part: the library on both backends, the hand-written loops, and the peers."""

import os
import subprocess
from dataclasses import dataclass, field

from .servers import SERVER_CORE

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@dataclass
class Contender:
    name: str
    command: list  # the port is put in place of PORT
    env: dict = field(default_factory=dict)
    group: str = "peer"  # "library", "raw" or "peer"
    reference: str = None  # whose figures its own are divided by
    valgrind: bool = False  # runs under callgrind: a plain program on epoll
    anywhere: bool = False  # not bound to the server's core
    core: int = SERVER_CORE  # ... or to this one
    slow: bool = False  # tens of times slower: counting runs are made shorter

    def command_for(self, port):
        return [word.replace("PORT", str(port)) for word in self.command]


RAW_EPOLL = "raw epoll loop"
RAW_URING = "raw io_uring loop"


def own_contenders(build):
    bench = os.path.join(build, "bench")
    server = os.path.join(bench, "echo_server")
    streams = os.path.join(bench, "stream_echo_server")
    raw_uring = os.path.join(bench, "raw_uring_echo")
    return [
        Contender("libawait, epoll", [server, "PORT"], {"LIBAWAIT_BACKEND": "epoll"},
                  "library", RAW_EPOLL, valgrind=True),
        Contender(RAW_EPOLL, [os.path.join(bench, "raw_epoll_echo"), "PORT"], {},
                  "raw", RAW_EPOLL, valgrind=True),
        Contender("libawait streams, epoll", [streams, "PORT"], {"LIBAWAIT_BACKEND": "epoll"},
                  "library", RAW_EPOLL, valgrind=True),
        Contender("libawait, io_uring", [server, "PORT"], {"LIBAWAIT_BACKEND": "uring"},
                  "library", RAW_URING),
        Contender("libawait streams, io_uring", [streams, "PORT"], {"LIBAWAIT_BACKEND": "uring"},
                  "library", RAW_URING),
        Contender(RAW_URING, [raw_uring, "PORT"], {}, "raw", RAW_URING),
        Contender(RAW_URING + ", multishot", [raw_uring, "PORT", "multishot"], {}, "raw",
                  RAW_URING),
    ]


def peer_contenders(build):
    """Those of the peers that could be built; the build script says which could not and why."""
    subprocess.run([os.path.join(HERE, "peers", "build"), build, "libuv", "go", "tokio",
                    "python"], check=True)
    peers = os.path.join(build, "peers")
    python = os.path.join(peers, "venv", "bin", "python")
    program = os.path.join(HERE, "peers", "python_echo.py")
    found = [
        Contender("libuv", [os.path.join(peers, "libuv_echo"), "PORT"], valgrind=True),
        Contender("tokio", [os.path.join(peers, "tokio_echo"), "PORT"], valgrind=True),
        Contender("Go", [os.path.join(peers, "go_echo"), "PORT"]),
        Contender("uvloop, protocol", [python, program, "PORT", "uvloop", "protocol"]),
        Contender("uvloop, streams", [python, program, "PORT", "uvloop", "streams"]),
        Contender("asyncio, streams", [python, program, "PORT", "asyncio", "streams"], slow=True),
        Contender("asyncio, sockets", [python, program, "PORT", "asyncio", "sockets"], slow=True),
    ]
    found = [peer for peer in found if os.access(peer.command[0], os.X_OK)]
    if subprocess.run([python, "-c", "import uvloop"], stderr=subprocess.DEVNULL,
                      check=False).returncode if os.path.exists(python) else True:
        found = [peer for peer in found if "uvloop" not in peer.name]
    for peer in found:
        peer.reference = RAW_EPOLL  # all of them stand on epoll
    return found


def peer_versions(build):
    """What exactly was compared."""
    python = os.path.join(build, "peers", "venv", "bin", "python")
    commands = {
        "Go": ["go", "version"],
        "Rust": ["rustc", "--version"],
        "libuv": ["dpkg-query", "-W", "-f=${Version}", "libuv1-dev"],
        "python": [python, "--version"],
        "uvloop": [python, "-c", "import uvloop; print(uvloop.__version__)"],
    }
    versions = {}
    for name, command in commands.items():
        try:
            versions[name] = subprocess.run(command, capture_output=True, text=True,
                                            check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            continue
    with open(os.path.join(HERE, "peers", "tokio", "Cargo.toml"), encoding="utf-8") as manifest:
        versions["tokio"] = manifest.read().split('tokio = { version = "=')[1].split('"')[0]
    return versions
