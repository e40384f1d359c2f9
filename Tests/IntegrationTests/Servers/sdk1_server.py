# An MCP server of the MCP Python SDK 1.x (initialize era): stdio, streamable HTTP at /mcp, or SSE at /sse.
import contextlib

import anyio
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.sse import SseServerTransport
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

import serve


def make_server(options):
    server = Server("sdk1", version="1.0.0")
    tools = [types.Tool(name=n, description=d, inputSchema=s) for n, d, s in serve.tool_schemas(options)]

    @server.list_tools()
    async def list_tools(request: types.ListToolsRequest) -> types.ListToolsResult:
        cursor = request.params.cursor if request.params else None
        shown, following = serve.page(tools, cursor, options.page_size)
        return types.ListToolsResult(tools=shown, nextCursor=following)

    @server.call_tool()
    async def call_tool(name, arguments):
        return [types.TextContent(type="text", text=await serve.call_tool(name, arguments))]

    return server


async def serve_stdio(server):
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


def streamable_http_app(server, options):
    manager = StreamableHTTPSessionManager(server, json_response=options.json, stateless=options.stateless)

    class Endpoint:
        async def __call__(self, scope, receive, send):
            await manager.handle_request(scope, receive, send)

    @contextlib.asynccontextmanager
    async def lifespan(app):
        async with manager.run():
            yield

    return Starlette(routes=[Route("/mcp", endpoint=Endpoint())], lifespan=lifespan)


def sse_app(server):
    transport = SseServerTransport("/messages/")

    async def stream(request):
        async with transport.connect_sse(request.scope, request.receive, request._send) as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())
        return Response()

    return Starlette(routes=[Route("/sse", endpoint=stream), Mount("/messages/", app=transport.handle_post_message)])


def main():
    options = serve.parser("MCP Python SDK 1.x server").parse_args()
    server = make_server(options)
    if options.transport == "stdio":
        anyio.run(serve_stdio, server)
        return
    listener, _ = serve.bind(options.port)
    if options.transport == "http":
        serve.serve(streamable_http_app(server, options), options, listener, "/mcp")
    else:
        serve.serve(sse_app(server), options, listener, "/sse")


if __name__ == "__main__":
    main()
