# An MCP server of the MCP Python SDK 2.x (both protocol eras): stdio, streamable HTTP at /mcp, or SSE at /sse.
import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.sse import SseServerTransport
from mcp.server.stdio import stdio_server
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

import serve


def make_server(options):
    tools = [types.Tool(name=n, description=d, input_schema=s) for n, d, s in serve.tool_schemas(options)]

    async def list_tools(context, params):
        shown, following = serve.page(tools, params.cursor if params else None, options.page_size)
        return types.ListToolsResult(tools=shown, next_cursor=following)

    async def call_tool(context, params):
        try:
            text, failed = await serve.call_tool(params.name, params.arguments or {}), False
        except serve.ToolFailed as failure:
            text, failed = str(failure), True
        return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=failed)

    return Server("sdk2", version="1.0.0", on_list_tools=list_tools, on_call_tool=call_tool)


async def serve_stdio(server):
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


def sse_app(server):
    transport = SseServerTransport("/messages/")

    async def stream(request):
        async with transport.connect_sse(request.scope, request.receive, request._send) as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())
        return Response()

    return Starlette(routes=[Route("/sse", endpoint=stream), Mount("/messages/", app=transport.handle_post_message)])


def main():
    options = serve.parser("MCP Python SDK 2.x server").parse_args()
    server = make_server(options)
    if options.transport == "stdio":
        anyio.run(serve_stdio, server)
        return
    listener, _ = serve.bind(options.port)
    if options.transport == "http":
        app = server.streamable_http_app(json_response=options.json, stateless_http=options.stateless)
        serve.serve(app, options, listener, "/mcp")
    else:
        serve.serve(sse_app(server), options, listener, "/sse")


if __name__ == "__main__":
    main()
