"""A server of HTTP/2 over TLS, hypercorn, on a free port of 127.0.0.1; it ends when its standard input does.

Usage: http2_server.py CERTIFICATE KEY
Prints its port. /who says which protocol it was asked by, and from which port; /big is 20 MiB; /hang never answers.
"""

import asyncio
import socket
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config

PIECE = bytes(64 << 10)


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    path = scope["path"]
    if path == "/hang":
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if path == "/who":
        await send({"type": "http.response.body", "body": f"{scope['http_version']} {scope['client'][1]}".encode()})
    elif path == "/big":
        for _ in range((20 << 20) // len(PIECE)):
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.certfile, config.keyfile = sys.argv[1:3]
    config.graceful_timeout = 0
    config.errorlog = None
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
    print(listener.getsockname()[1], flush=True)
    await serve(app, config, shutdown_trigger=ended.wait)


asyncio.run(main())
