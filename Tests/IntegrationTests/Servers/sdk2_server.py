# An MCP server of the MCP Python SDK 2.x (both protocol eras): stdio, streamable HTTP at /mcp, or SSE at /sse.
import base64
import json
import subprocess
import sys
import threading

import anyio
import mcp_types as types
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.sse import SseServerTransport
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import (
    InMemorySubscriptionBus, ListenHandler, PromptsListChanged, ResourcesListChanged, ResourceUpdated)
from mcp.shared.exceptions import MCPError
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

import serve


async def ask(context, params):
    """Asks the person: in the modern era by the result, else on a stream."""
    if context.protocol_version >= "2026-07-28":
        if not params.input_responses:
            if params.name == "visit":
                question = types.ElicitRequestURLParams(message="Pay first.", url=serve.PAGE)
            else:
                question = types.ElicitRequestFormParams(message=serve.MESSAGE, requested_schema=serve.FORM)
            requests = {"question": types.ElicitRequest(params=question)}
            return types.InputRequiredResult(input_requests=requests, request_state="caf\u00e9 \u0007 17")
        if params.request_state != "caf\u00e9 \u0007 17":
            raise ValueError(f"the state came back as {params.request_state!r}")
        result = params.input_responses["question"]
    elif params.name == "visit":
        result = await context.session.elicit_url("Pay first.", serve.PAGE, "17", context.request_id)
    else:
        related = None if params.name == "ask_aside" else context.request_id
        result = await context.session.elicit_form(serve.MESSAGE, serve.FORM, related)
    return types.CallToolResult(content=[types.TextContent(type="text", text=serve.answered(result))])


def make_server(options):
    tools = [types.Tool(name=n, description=d, input_schema=s) for n, d, s in serve.tool_schemas(options)]

    bus = InMemorySubscriptionBus()

    def page(items, params):
        return serve.page(items, params.cursor if params else None, options.page_size)

    async def list_tools(context, params):
        shown, following = page(tools, params)
        return types.ListToolsResult(tools=shown, next_cursor=following)

    async def touch(context, uri):
        """In the one era who subscribed is told on the session, in the other on the streams that were asked for."""
        for event in (ResourceUpdated(uri=uri), ResourcesListChanged(), PromptsListChanged()):
            await bus.publish(event)
        if context.protocol_version != "2026-07-28":
            await context.session.send_resource_updated(uri)
            await context.session.send_resource_list_changed()
            await context.session.send_prompt_list_changed()
        return types.CallToolResult(content=[types.TextContent(type="text", text="touched")])

    async def call_tool(context, params):
        if params.name == "touch":
            return await touch(context, params.arguments["uri"])
        if params.name in (name for name, *_ in serve.QUESTIONS):
            return await ask(context, params)
        try:
            text, failed = await serve.call_tool(params.name, params.arguments or {}), False
        except serve.ToolFailed as failure:
            text, failed = str(failure), True
        return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=failed)

    handlers = {} if options.no_tools else {"on_list_tools": list_tools, "on_call_tool": call_tool}
    if options.catalogue:
        handlers |= catalogue(page) | {"on_subscriptions_listen": ListenHandler(bus)}
    server = Server("sdk2", version="1.0.0", **handlers)
    if options.catalogue:
        told = NotificationOptions(prompts_changed=True, resources_changed=True)
        plain = server.create_initialization_options
        # The transports ask for them without saying what changes are told.
        server.create_initialization_options = lambda *_, **__: plain(told, {})
    return server


def catalogue(page):
    """The handlers of resources and prompts."""
    resources = [types.Resource(uri=u, name=n, mime_type=t, size=len(c)) for u, n, t, c in serve.RESOURCES]
    templates = [types.ResourceTemplate(uri_template=t, name=n, description=d) for t, n, d in serve.TEMPLATES]
    prompts = [
        types.Prompt(
            name=n, description=d, arguments=[types.PromptArgument(name=a, required=r) for a, r in arguments])
        for n, d, arguments in serve.PROMPTS]

    async def list_resources(context, params):
        shown, following = page(resources, params)
        return types.ListResourcesResult(resources=shown, next_cursor=following)

    async def list_templates(context, params):
        shown, following = page(templates, params)
        return types.ListResourceTemplatesResult(resource_templates=shown, next_cursor=following)

    async def read_resource(context, params):
        uri = str(params.uri)
        try:
            kind, contents = serve.read_resource(uri)
        except serve.NoResource as error:
            raise MCPError(-32602, str(error))
        if isinstance(contents, str):
            part = types.TextResourceContents(uri=uri, mime_type=kind, text=contents)
        else:
            part = types.BlobResourceContents(uri=uri, mime_type=kind, blob=base64.b64encode(contents).decode())
        return types.ReadResourceResult(contents=[part])

    async def list_prompts(context, params):
        shown, following = page(prompts, params)
        return types.ListPromptsResult(prompts=shown, next_cursor=following)

    async def get_prompt(context, params):
        try:
            text = serve.get_prompt(params.name, params.arguments or {})
        except serve.NoPrompt as error:
            raise MCPError(-32602, str(error))
        content = types.TextContent(type="text", text=text)
        return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content)])

    async def complete(context, params):
        values = serve.complete(params.argument.name, params.argument.value)
        return types.CompleteResult(completion=types.Completion(values=values))

    async def accept(context, params):
        return types.EmptyResult()

    return {
        "on_list_resources": list_resources, "on_list_resource_templates": list_templates,
        "on_read_resource": read_resource, "on_list_prompts": list_prompts, "on_get_prompt": get_prompt,
        "on_completion": complete, "on_subscribe_resource": accept, "on_unsubscribe_resource": accept}


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
