# Peer: fastmcp's client signs in twice at the server whose URL it is given: first with nothing known, then with the
# registration kept and the tokens gone. A request for /benchmark-mark parts the two in the server's request log; the
# seconds of each are printed, a line each.
import asyncio
import socket
import subprocess
import sys
import time
import urllib.parse

from fastmcp import Client
from fastmcp.client.auth import OAuth
from key_value.aio.stores.memory import MemoryStore


class ApprovingOAuth(OAuth):
    async def redirect_handler(self, authorization_url):
        """A person who approves. fastmcp listens only after the browser was opened, hence the second try."""
        follow = ["curl", "-sSL", "--retry", "9", "--retry-connrefused", "--retry-delay", "1", "-o", "/dev/null"]
        subprocess.Popen([*follow, "--noproxy", "*", "--", authorization_url], stderr=subprocess.DEVNULL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def sign_in(url, store, port):
    begun = time.perf_counter()
    auth = ApprovingOAuth(url, token_storage=store, callback_port=port)
    async with Client(url, auth=auth, mode="legacy") as client:
        await client.list_tools()
    print(time.perf_counter() - begun)


async def main(url):
    # One port for both: a kept registration is good for its own redirect URI only.
    store, port = MemoryStore(), free_port()
    await sign_in(url, store, port)
    for key in await store.keys(collection="mcp-oauth-token"):
        await store.delete(key, collection="mcp-oauth-token")
    mark = urllib.parse.urljoin(url, "/benchmark-mark")
    await asyncio.to_thread(subprocess.run, ["curl", "-sS", "--noproxy", "*", "-o", "/dev/null", mark], check=True)
    await sign_in(url, store, port)


asyncio.run(main(sys.argv[1]))
