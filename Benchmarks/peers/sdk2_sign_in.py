# Peer: MCP Python SDK 2.x signs in twice at the server whose URL it is given: first with nothing known, then with the
# registration kept and the tokens gone. A request for /benchmark-mark parts the two in the server's request log; the
# seconds of each are printed, a line each.
import asyncio
import sys
import time
import urllib.parse

import httpx2
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

REDIRECT = "http://127.0.0.1:1/callback"


class Storage:
    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def sign_in(url, storage):
    begun, result = time.perf_counter(), None

    async def approve(address):
        nonlocal result
        async with httpx2.AsyncClient(trust_env=False) as browser:
            answer = await browser.get(address)
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["location"]).query))
        result = AuthorizationCodeResult(code=query["code"], state=query.get("state"))

    async def callback():
        return result

    metadata = OAuthClientMetadata(
        client_name="benchmark", redirect_uris=[REDIRECT], token_endpoint_auth_method="none"
    )
    provider = OAuthClientProvider(url, metadata, storage, approve, callback)
    async with httpx2.AsyncClient(auth=provider, trust_env=False) as http:
        async with Client(streamable_http_client(url, http_client=http), mode="legacy") as client:
            await client.list_tools()
    print(time.perf_counter() - begun)


async def main(url):
    storage = Storage()
    await sign_in(url, storage)
    storage.tokens = None
    async with httpx2.AsyncClient(trust_env=False) as http:
        await http.get(urllib.parse.urljoin(url, "/benchmark-mark"))
    await sign_in(url, storage)


asyncio.run(main(sys.argv[1]))
