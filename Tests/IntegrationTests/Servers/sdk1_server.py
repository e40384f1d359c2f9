# An MCP server of the MCP Python SDK 1.x (initialize era): stdio, streamable HTTP at /mcp, or SSE at /sse.
import contextlib

import anyio
from mcp import types
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.sse import SseServerTransport
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import McpError
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

import serve


def make_server(options):
    server = Server("sdk1", version="1.0.0")
    if options.catalogue:
        told = NotificationOptions(prompts_changed=True, resources_changed=True)
        plain = server.create_initialization_options
        # The transports ask for them without saying what changes are told.
        server.create_initialization_options = lambda *_, **__: plain(told, {})
    tools = [types.Tool(name=n, description=d, inputSchema=s) for n, d, s in serve.tool_schemas(options)]

    def page(items, request):
        return serve.page(items, request.params.cursor if request.params else None, options.page_size)

    if not options.no_tools:
        @server.list_tools()
        async def list_tools(request: types.ListToolsRequest) -> types.ListToolsResult:
            shown, following = page(tools, request)
            return types.ListToolsResult(tools=shown, nextCursor=following)

        @server.call_tool()
        async def call_tool(name, arguments):
            context = server.request_context
            related = None if name == "ask_aside" else context.request_id
            if name in ("ask", "ask_aside"):
                result = await context.session.elicit_form(serve.MESSAGE, serve.FORM, related)
                return [types.TextContent(type="text", text=serve.answered(result))]
            if name == "visit":
                result = await context.session.elicit_url("Pay first.", serve.PAGE, "17", related)
                return [types.TextContent(type="text", text=serve.answered(result))]
            if name == "touch":
                session = server.request_context.session
                await session.send_resource_updated(arguments["uri"])
                await session.send_resource_list_changed()
                await session.send_prompt_list_changed()
                return [types.TextContent(type="text", text="touched")]
            return [types.TextContent(type="text", text=await serve.call_tool(name, arguments))]

    if options.catalogue:
        add_catalogue(server, page)
    return server


def add_catalogue(server, page):
    resources = [types.Resource(uri=u, name=n, mimeType=t, size=len(c)) for u, n, t, c in serve.RESOURCES]
    prompts = [
        types.Prompt(
            name=n, description=d, arguments=[types.PromptArgument(name=a, required=r) for a, r in arguments])
        for n, d, arguments in serve.PROMPTS]

    @server.list_resources()
    async def list_resources(request: types.ListResourcesRequest) -> types.ListResourcesResult:
        shown, following = page(resources, request)
        return types.ListResourcesResult(resources=shown, nextCursor=following)

    @server.list_resource_templates()
    async def list_resource_templates():
        return [types.ResourceTemplate(uriTemplate=t, name=n, description=d) for t, n, d in serve.TEMPLATES]

    @server.read_resource()
    async def read_resource(uri):
        try:
            kind, contents = serve.read_resource(str(uri))
        except serve.NoResource as error:
            raise McpError(types.ErrorData(code=-32002, message=str(error)))
        return [ReadResourceContents(content=contents, mime_type=kind)]

    @server.subscribe_resource()
    async def subscribe_resource(uri):
        pass

    @server.unsubscribe_resource()
    async def unsubscribe_resource(uri):
        pass

    @server.list_prompts()
    async def list_prompts(request: types.ListPromptsRequest) -> types.ListPromptsResult:
        shown, following = page(prompts, request)
        return types.ListPromptsResult(prompts=shown, nextCursor=following)

    @server.get_prompt()
    async def get_prompt(name, arguments):
        try:
            text = serve.get_prompt(name, arguments or {})
        except serve.NoPrompt as error:
            raise McpError(types.ErrorData(code=-32602, message=str(error)))
        content = types.TextContent(type="text", text=text)
        return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content)])

    @server.completion()
    async def complete(reference, argument, context):
        return types.Completion(values=serve.complete(argument.name, argument.value))


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
