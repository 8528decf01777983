# SPDX-License-Identifier: MIT
"""The echo server in Python: asyncio, or uvloop where it is installed.

Usage: python_echo.py PORT LOOP STYLE; LOOP is asyncio or uvloop; STYLE is sockets (the article's
server), streams (its second one) or protocol (callbacks, the fastest that Python offers).
Listens on 127.0.0.1.
"""

import asyncio
import socket
import sys

BUFFER_SIZE = 64 * 1024
BACKLOG = 4096


async def echo_socket(client):
    loop = asyncio.get_running_loop()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with client:
        try:
            while data := await loop.sock_recv(client, BUFFER_SIZE):
                await loop.sock_sendall(client, data)
        except ConnectionError:
            pass


async def serve_sockets(listener):
    loop = asyncio.get_running_loop()
    listener.setblocking(False)
    tasks = set()
    while True:
        client, _ = await loop.sock_accept(listener)
        task = loop.create_task(echo_socket(client))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


async def echo_stream(reader, writer):
    try:
        while data := await reader.read(BUFFER_SIZE):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def serve_streams(listener):
    server = await asyncio.start_server(echo_stream, sock=listener, backlog=BACKLOG)
    await server.serve_forever()


class EchoProtocol(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)

    # A client that does not read its echoes must not make us keep them all.
    def pause_writing(self):
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()


async def serve_protocol(listener):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(EchoProtocol, sock=listener, backlog=BACKLOG)
    await server.serve_forever()


STYLES = {"sockets": serve_sockets, "streams": serve_streams, "protocol": serve_protocol}


def main():
    if len(sys.argv) != 4 or sys.argv[2] not in ("asyncio", "uvloop") or sys.argv[3] not in STYLES:
        sys.exit("usage: python_echo.py PORT asyncio|uvloop sockets|streams|protocol")
    new_loop = None
    if sys.argv[2] == "uvloop":
        import uvloop
        new_loop = uvloop.new_event_loop
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(sys.argv[1])))
    listener.listen(BACKLOG)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(STYLES[sys.argv[3]](listener))


main()
