# Peer: MCP Python SDK 2.x. Connects all servers of an mcp.json at once and lists their tools.
# `legacy` is its quickest way to a server of the `initialize` era: no probe for the other era first.
import asyncio

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters

import common


async def tools_of(name, entry):
    server = entry.get("url") or StdioServerParameters(
        command=entry["command"], args=entry["args"], env=entry.get("env")
    )
    async with Client(server, mode="legacy") as client:
        return name, [tool.name for tool in (await client.list_tools()).tools]


async def main():
    common.report(await asyncio.gather(*(tools_of(name, entry) for name, entry in common.servers())))


asyncio.run(main())
