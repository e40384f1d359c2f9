# A client of a published SDK at omlx's MCP endpoint or bridge: does one of everything and prints what it saw as one JSON object.
#
# endpoint_client.py sdk1|sdk2|fastmcp http URL KEY [MODE]
# endpoint_client.py sdk1|sdk2|fastmcp stdio COMMAND...       (MODE in the variable MODE)
import asyncio
import json
import os
import sys


async def observe(names, call, version, listed):
    """Asks the same of every SDK; `names` is the prefix tools have."""
    seen = {"version": version, "tools": sorted(listed)}
    seen["echo"] = await call(names + "echo", {"text": "h\u00e9"})
    seen["add"] = await call(names + "add", {"a": 2, "b": 3})
    seen["fail"] = await call(names + "fail", {})
    seen["unknown"] = await call("nothing", {})
    many = await asyncio.gather(*(call(names + "echo", {"text": str(i)}) for i in range(20)))
    seen["many"] = [text for text, _ in many] == [str(i) for i in range(20)]
    return seen


def plain(result, failed):
    return ["".join(getattr(block, "text", "") for block in result.content), bool(failed)]


def prefix(listed):
    return "" if "echo" in listed else next(n for n in sorted(listed) if n.endswith("__echo"))[: -len("echo")]


async def session(streams, error):
    from mcp import ClientSession

    async with ClientSession(streams[0], streams[1]) as session:
        opened = await session.initialize()
        await session.send_ping()
        listed = [tool.name for tool in (await session.list_tools()).tools]

        async def call(name, arguments):
            try:
                result = await session.call_tool(name, arguments)
            except error as refusal:
                return ["refused " + str(refusal), True]
            return plain(result, result.isError)

        return await observe(prefix(listed), call, opened.protocolVersion, listed)


async def sdk1(transport, words):
    from mcp.shared.exceptions import McpError

    if transport == "http":
        from mcp.client.streamable_http import streamablehttp_client

        async with streamablehttp_client(words[0], {"Authorization": "Bearer " + words[1]}) as streams:
            return await session(streams, McpError)
    from mcp import StdioServerParameters
    from mcp.client.stdio import stdio_client

    command = StdioServerParameters(command=words[0], args=words[1:], env=dict(os.environ))
    async with stdio_client(command) as streams:
        return await session(streams, McpError)


async def sdk2(transport, words):
    from mcp import Client, StdioServerParameters
    from mcp.shared.exceptions import MCPError

    if transport == "http":
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        http = httpx2.AsyncClient(headers={"Authorization": "Bearer " + words[1]}, timeout=120)
        target = streamable_http_client(words[0], http_client=http)
    else:
        target = StdioServerParameters(command=words[0], args=words[1:], env=dict(os.environ))
    async with Client(target, mode=os.environ.get("MODE", "auto")) as client:
        listed = [tool.name for tool in (await client.list_tools()).tools]

        async def call(name, arguments):
            try:
                result = await client.call_tool(name, arguments)
            except MCPError as refusal:
                return ["refused " + str(refusal), True]
            return plain(result, result.is_error)

        return await observe(prefix(listed), call, client.protocol_version, listed)


async def fastmcp(transport, words):
    from fastmcp import Client
    from fastmcp.client.transports import StdioTransport, StreamableHttpTransport

    if transport == "http":
        target = StreamableHttpTransport(words[0], headers={"Authorization": "Bearer " + words[1]})
    else:
        target = StdioTransport(words[0], words[1:], env=dict(os.environ), keep_alive=False)
    async with Client(target) as client:
        listed = [tool.name for tool in await client.list_tools()]

        async def call(name, arguments):
            try:
                result = await client.call_tool(name, arguments, raise_on_error=False)
            except Exception as refusal:
                return ["refused " + str(refusal), True]
            return plain(result, result.is_error)

        return await observe(prefix(listed), call, "", listed)


print(json.dumps(asyncio.run(globals()[sys.argv[1]](sys.argv[2], sys.argv[3:]))))
