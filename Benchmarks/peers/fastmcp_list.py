# Peer: fastmcp's client. Connects all servers of an mcp.json at once and lists their tools; `legacy` as for the SDK.
import asyncio

from fastmcp import Client
from fastmcp.client.transports import StdioTransport

import common


async def tools_of(name, entry):
    server = entry.get("url") or StdioTransport(entry["command"], entry["args"], env=entry.get("env"), keep_alive=False)
    async with Client(server, mode="legacy") as client:
        return name, [tool.name for tool in await client.list_tools()]


async def main():
    common.report(await asyncio.gather(*(tools_of(name, entry) for name, entry in common.servers())))


asyncio.run(main())
