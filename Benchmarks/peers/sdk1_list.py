# Peer: MCP Python SDK 1.x. Connects all servers of an mcp.json at once and lists their tools.
import asyncio
import sys

from mcp import ClientSession

import common


async def tools_of(name, entry):
    if "url" in entry:
        from mcp.client.streamable_http import streamable_http_client

        async with streamable_http_client(entry["url"]) as (reading, writing, _):
            return name, await tools_over(reading, writing)
    from mcp import StdioServerParameters
    from mcp.client.stdio import stdio_client

    command = StdioServerParameters(command=entry["command"], args=entry["args"], env=entry.get("env"))
    async with stdio_client(command, errlog=sys.stderr) as (reading, writing):
        return name, await tools_over(reading, writing)


async def tools_over(reading, writing):
    async with ClientSession(reading, writing) as session:
        await session.initialize()
        return [tool.name for tool in (await session.list_tools()).tools]


async def main():
    common.report(await asyncio.gather(*(tools_of(name, entry) for name, entry in common.servers())))


asyncio.run(main())
