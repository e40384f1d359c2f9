# An MCP server of fastmcp: stdio, streamable HTTP at /mcp, or SSE at /sse.
import asyncio
import os

from fastmcp import FastMCP
from fastmcp.server.dependencies import get_access_token

import serve


def make_server(options, auth=None):
    server = FastMCP("fastmcp", version="1.0.0", auth=auth, list_page_size=options.page_size or None)

    @server.tool
    def echo(text: str) -> str:
        """Returns the text it is given."""
        return text

    @server.tool
    def add(a: float, b: float) -> float:
        """Adds two numbers."""
        return a + b

    @server.tool
    def whoami() -> str:
        """Says whose access token the request carried: `anonymous` without one."""
        token = get_access_token()
        return token.client_id if token else "anonymous"

    @server.tool
    def fail() -> str:
        """Always fails."""
        raise serve.ToolFailed("this tool always fails")

    @server.tool
    async def slow(seconds: float) -> str:
        """Answers after so many seconds."""
        await asyncio.sleep(seconds)
        return f"slept {seconds} s"

    @server.tool
    def environment(name: str) -> str:
        """Returns a variable of the server's environment, or nothing."""
        return os.environ.get(name, "")

    for extra in serve.extra_tool_names(options):
        server.tool(named(extra), name=extra)
    return server


def named(extra):
    def tool() -> str:
        """Returns its own name."""
        return extra

    return tool


def http_app(server, options):
    """The ASGI application of the chosen transport, and its path."""
    if options.transport == "sse":
        return server.http_app(path="/sse", transport="sse"), "/sse"
    app = server.http_app(path="/mcp", json_response=options.json, stateless_http=options.stateless)
    return app, "/mcp"


def main():
    options = serve.parser("fastmcp server").parse_args()
    server = make_server(options)
    if options.transport == "stdio":
        server.run(transport="stdio", show_banner=False)
        return
    listener, _ = serve.bind(options.port)
    app, path = http_app(server, options)
    serve.serve(app, options, listener, path)


if __name__ == "__main__":
    main()
