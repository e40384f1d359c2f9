# fastmcp's OAuth-protected MCP server with its InMemoryOAuthProvider: dynamic registration, PKCE, instant approval,
# rotating refresh tokens. Streamable HTTP at /mcp or SSE at /sse; authorization server on the same origin.
#
# The provider is used as it is, but for two things the options name: the life of an access token, and what happens to
# the refresh token when an expired access token is presented (as published, it is revoked along with it).
import time

from fastmcp.server.auth.auth import ClientRegistrationOptions, RevocationOptions
from fastmcp.server.auth.middleware import RequireAuthMiddleware
from fastmcp.server.auth.providers import in_memory
from starlette.responses import JSONResponse
from starlette.routing import Route

import fastmcp_server
import serve


class Provider(in_memory.InMemoryOAuthProvider):
    async def load_access_token(self, token):
        """An expired access token is refused, and its refresh token stays good."""
        known = self.access_tokens.get(token)
        if known and known.expires_at is not None and known.expires_at < time.time():
            return None
        return known


def make_provider(options, origin):
    in_memory.DEFAULT_ACCESS_TOKEN_EXPIRY_SECONDS = options.token_life
    if options.refresh_token_life is not None:
        in_memory.DEFAULT_REFRESH_TOKEN_EXPIRY_SECONDS = options.refresh_token_life
    kind = in_memory.InMemoryOAuthProvider if options.expiry_revokes_refresh_token else Provider
    scopes = options.scope or None
    return kind(
        base_url=origin,
        client_registration_options=ClientRegistrationOptions(
            enabled=not options.no_registration, valid_scopes=scopes, default_scopes=scopes
        ),
        revocation_options=RevocationOptions(enabled=True),
        required_scopes=scopes,
    )


def control_routes(provider):
    """What a test does to the server from outside, in place of waiting. POST only, no request body."""

    async def expire_access_tokens(request):
        for token in provider.access_tokens.values():
            token.expires_at = 1
        return JSONResponse({"expired": len(provider.access_tokens)})

    async def revoke_refresh_tokens(request):
        count = len(provider.refresh_tokens)
        provider.refresh_tokens.clear()
        return JSONResponse({"revoked": count})

    async def forget_clients(request):
        count = len(provider.clients)
        provider.clients.clear()
        return JSONResponse({"forgotten": count})

    async def counts(request):
        return JSONResponse({
            "clients": len(provider.clients),
            "access_tokens": len(provider.access_tokens),
            "refresh_tokens": len(provider.refresh_tokens),
        })

    return [
        Route("/control/expire-access-tokens", expire_access_tokens, methods=["POST"]),
        Route("/control/revoke-refresh-tokens", revoke_refresh_tokens, methods=["POST"]),
        Route("/control/forget-clients", forget_clients, methods=["POST"]),
        Route("/control/counts", counts, methods=["GET"]),
    ]


def open_the_stream(app):
    """Takes the guard off GET /sse and leaves it on the POST endpoint."""
    for route in app.routes:
        if isinstance(route, Route) and isinstance(route.endpoint, RequireAuthMiddleware):
            route.app = route.endpoint.app


def main():
    arguments = serve.parser("fastmcp server with OAuth", transports=("http", "sse"))
    arguments.add_argument("--token-life", type=int, default=3600, metavar="SECONDS", help="of an access token")
    arguments.add_argument("--refresh-token-life", type=int, metavar="SECONDS", help="none: for ever")
    arguments.add_argument("--scope", action="append", metavar="NAME", help="required, valid and default scope")
    arguments.add_argument("--no-registration", action="store_true", help="no dynamic client registration")
    arguments.add_argument(
        "--expiry-revokes-refresh-token", action="store_true",
        help="the published behaviour: presenting an expired access token also revokes its refresh token")
    arguments.add_argument(
        "--guard", choices=("all", "post"), default="all",
        help="SSE: `post` leaves GET /sse open and answers 401 on the POST endpoint only")
    arguments.add_argument("--client", metavar="ID:SECRET:REDIRECT_URI", help="a client registered in advance")
    options = arguments.parse_args()

    listener, origin = serve.bind(options.port)
    provider = make_provider(options, origin)
    if options.client:
        add_client(provider, options)
    server = fastmcp_server.make_server(options, auth=provider)
    app, path = fastmcp_server.http_app(server, options)
    app.routes.extend(control_routes(provider))
    if options.transport == "sse" and options.guard == "post":
        open_the_stream(app)
    serve.serve(app, options, listener, path)


def add_client(provider, options):
    """An empty secret makes a public client."""
    identifier, secret, redirect = options.client.split(":", 2)
    provider.clients[identifier] = in_memory.OAuthClientInformationFull(
        client_id=identifier,
        client_secret=secret or None,
        token_endpoint_auth_method="client_secret_post" if secret else "none",
        redirect_uris=[redirect],
        scope=" ".join(options.scope) if options.scope else None,
    )


if __name__ == "__main__":
    main()
