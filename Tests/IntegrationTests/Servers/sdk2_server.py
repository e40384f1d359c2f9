# An MCP server of the MCP Python SDK 2.x (both protocol eras): stdio, streamable HTTP at /mcp, or SSE at /sse.
import json
import subprocess
import sys
import threading

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


# What a server that has given up the handshake answers (MCP 2026-07-28, versioning).
REFUSAL = {"code": -32022, "message": "Unsupported protocol version", "data": {"supported": ["2026-07-28"]}}


class ModernOnly:
    """ASGI middleware: requests of the handshake's era are refused before the SDK sees them."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        headers = dict(scope.get("headers") or [])
        if scope["type"] != "http" or headers.get(b"mcp-protocol-version") == b"2026-07-28":
            return await self.app(scope, receive, send)
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        number = json.loads(body).get("id") if body else None
        text = json.dumps({"jsonrpc": "2.0", "id": number, "error": REFUSAL}).encode()
        start = {"type": "http.response.start", "status": 400, "headers": [(b"content-type", b"application/json")]}
        await send(start)
        await send({"type": "http.response.body", "body": text})


def refuse_handshake():
    """Runs this program's stdio server behind a door that refuses `initialize`."""
    words = [word for word in sys.argv if word != "--modern-only"]
    server = subprocess.Popen([sys.executable, "-B"] + words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    lock = threading.Lock()

    def tell(line):
        with lock:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()

    def pass_on():
        for line in server.stdout:
            tell(line)

    threading.Thread(target=pass_on, daemon=True).start()
    for line in sys.stdin.buffer:
        message = json.loads(line)
        if message.get("method") == "initialize":
            tell(json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": REFUSAL}).encode() + b"\n")
        else:
            server.stdin.write(line)
            server.stdin.flush()
    server.stdin.close()
    server.wait()


def main():
    parser = serve.parser("MCP Python SDK 2.x server")
    parser.add_argument("--modern-only", action="store_true", help="refuses the initialize handshake")
    options = parser.parse_args()
    if options.modern_only and options.transport == "stdio":
        return refuse_handshake()
    server = make_server(options)
    if options.transport == "stdio":
        anyio.run(serve_stdio, server)
        return
    listener, _ = serve.bind(options.port)
    if options.transport == "http":
        app = server.streamable_http_app(json_response=options.json, stateless_http=options.stateless)
        if options.modern_only:
            app = ModernOnly(app)
        serve.serve(app, options, listener, "/mcp")
    else:
        serve.serve(sse_app(server), options, listener, "/sse")


if __name__ == "__main__":
    main()
