# The MCP Python SDK's resource server: an MCP endpoint at /mcp that takes the tokens of an authorization server elsewhere.
import contextlib

from mcp import types
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware, get_access_token
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from pydantic import AnyHttpUrl
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.routing import Route

import serve


def make_server(options):
    server = Server("protected", version="1.0.0")
    tools = [types.Tool(name=n, description=d, inputSchema=s) for n, d, s in serve.tool_schemas(options)]

    @server.list_tools()
    async def list_tools() -> list[types.Tool]:
        return tools

    @server.call_tool()
    async def call_tool(name, arguments):
        token = get_access_token()
        text = (token.subject or token.client_id) if name == "whoami" else await serve.call_tool(name, arguments)
        return [types.TextContent(type="text", text=text)]

    return server


def app(options, resource, issuer, verifier, scopes, routes=()):
    """An ASGI application: the endpoint, its metadata (RFC 9728), and what else is given.

    verifier has verify_token(text), which returns an AccessToken of the SDK or None; the SDK itself compares the
    token's resource with the endpoint's."""
    manager = StreamableHTTPSessionManager(make_server(options), json_response=options.json, stateless=options.stateless)

    class Endpoint:
        async def __call__(self, scope, receive, send):
            await manager.handle_request(scope, receive, send)

    @contextlib.asynccontextmanager
    async def lifespan(_):
        async with manager.run():
            yield

    resource = AnyHttpUrl(resource)
    guarded = RequireAuthMiddleware(Endpoint(), scopes, build_resource_metadata_url(resource))
    metadata = create_protected_resource_routes(resource, [AnyHttpUrl(issuer)], scopes_supported=scopes)
    return Starlette(
        routes=[Route("/mcp", endpoint=guarded), *metadata, *routes],
        middleware=[
            Middleware(AuthenticationMiddleware, backend=BearerAuthBackend(verifier, resource_server_url=resource)),
            Middleware(AuthContextMiddleware),
        ],
        lifespan=lifespan)
