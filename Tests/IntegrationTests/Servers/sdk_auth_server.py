# The MCP Python SDK's own authorization server (mcp.server.auth) in front of its own resource server, on one origin.
# The SDK brings endpoints, metadata, registration, client authentication and PKCE; accounts, pages and what is kept are
# the project's, and so stand here: person "ada", password below, in memory.
import html
import secrets
import time

from mcp.server.auth.provider import (
    AccessToken, AuthorizationCode, RefreshToken, construct_redirect_uri)
from mcp.server.auth.routes import create_auth_routes
from mcp.server.auth.settings import ClientRegistrationOptions, RevocationOptions
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from pydantic import AnyHttpUrl
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.routing import Route

import protected
import serve

PERSON, PASSWORD = "ada", "a-person-signs-in-7731"


class Provider:
    """What the SDK asks a project for. A refresh token is good once, and one used twice ends its whole family."""

    def __init__(self, options, origin):
        self.options, self.origin = options, origin
        self.clients, self.requests, self.codes = {}, {}, {}
        self.access, self.refresh, self.families, self.used, self.given = {}, {}, {}, {}, set()

    async def get_client(self, client_id):
        return self.clients.get(client_id)

    async def register_client(self, client):
        self.clients[client.client_id] = client

    async def authorize(self, client, params):
        request = secrets.token_urlsafe(24)
        self.requests[request] = client, params, secrets.token_urlsafe(24)
        return f"{self.origin}/sign-in?request={request}"

    def answer(self, request, allowed):
        client, params, _ = self.requests.pop(request)
        back, more = str(params.redirect_uri), {"state": params.state}
        if not allowed:
            return construct_redirect_uri(back, error="access_denied", error_description="she said no", **more)
        code = AuthorizationCode(
            code=secrets.token_urlsafe(24), scopes=params.scopes or ["tools"], expires_at=time.time() + 300,
            client_id=client.client_id, code_challenge=params.code_challenge, redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly, resource=params.resource,
            subject=PERSON)
        self.codes[code.code] = code
        return construct_redirect_uri(back, code=code.code, **more)

    async def load_authorization_code(self, client, code):
        return self.codes.get(code)

    async def exchange_authorization_code(self, client, code):
        del self.codes[code.code]
        return self.grant(code, code.scopes, secrets.token_urlsafe(8))

    async def load_refresh_token(self, client, text):
        if family := self.used.get(text):
            self.end(family)
        return self.refresh.get(text)

    async def exchange_refresh_token(self, client, token, scopes):
        family = self.families[token.token]
        self.used[token.token] = family
        del self.refresh[token.token]
        return self.grant(token, scopes, family)

    def grant(self, source, scopes, family):
        access, refresh = "sdk-at-" + secrets.token_urlsafe(24), "sdk-rt-" + secrets.token_urlsafe(24)
        common = {"client_id": source.client_id, "scopes": scopes, "resource": source.resource, "subject": PERSON}
        life = self.options.token_life
        self.access[access] = AccessToken(token=access, expires_at=int(time.time()) + life, **common)
        self.families[access] = family
        self.given.add(access)
        if not self.options.no_refresh_token:
            self.refresh[refresh] = RefreshToken(token=refresh, **common)
            self.families[refresh] = family
            self.given.add(refresh)
        return OAuthToken(
            access_token=access, expires_in=life, scope=" ".join(scopes),
            refresh_token=None if self.options.no_refresh_token else refresh)

    async def load_access_token(self, text):
        return self.access.get(text)

    async def revoke_token(self, token):
        self.end(self.families.get(token.token))

    def end(self, family):
        for kept in (self.access, self.refresh):
            for text in [text for text in kept if self.families[text] == family]:
                del kept[text]

    # The SDK's verifier of tokens is the provider itself.
    verify_token = load_access_token


def page(title, body):
    return HTMLResponse(f"<!doctype html><title>{title}</title><h1>{title}</h1>{body}")


def pages(provider):
    """A form for name and password, then one for yes or no; each good for one answer."""

    async def sign_in(request):
        known = provider.requests.get(request.query_params.get("request", ""))
        if known is None:
            return page("This sign-in is over", "")
        client, params, token = known
        hidden = f'<input type="hidden" name="csrf" value="{token}">'
        form = await request.form()
        if request.method == "POST" and not secrets.compare_digest(str(form.get("csrf")), token):
            return HTMLResponse("forged", status_code=403)
        if (form.get("username"), form.get("password")) == (PERSON, PASSWORD):
            name = html.escape(client.client_name or client.client_id)
            provider.requests[request.query_params["request"]] = client, params, token + "2"
            return page("Allow?", (
                f'<form method="post"><input type="hidden" name="csrf" value="{token}2">{name} asks for '
                f'{html.escape(" ".join(params.scopes or []))}'
                '<button name="action" value="deny">No</button><button name="action" value="accept">Yes</button></form>'))
        if token.endswith("2") and form.get("action"):
            return RedirectResponse(
                provider.answer(request.query_params["request"], form["action"] == "accept"), status_code=302)
        return page("Sign in", (
            f'<form method="post">{hidden}<input name="username"><input name="password" type="password">'
            "<button>Sign in</button></form>"))

    return [Route("/sign-in", endpoint=sign_in, methods=["GET", "POST"])]


def control_routes(provider):
    """What a test does to the server from outside, in place of waiting."""

    async def expire_access_tokens(request):
        for token in provider.access.values():
            token.expires_at = 1
        return JSONResponse({"expired": len(provider.access)})

    async def counts(request):
        return JSONResponse({
            "clients": len(provider.clients), "access_tokens": len(provider.access),
            "refresh_tokens": len(provider.refresh),
            "audiences": sorted({token.resource for token in provider.access.values() if token.resource})})

    async def known(request):
        return JSONResponse({"secrets": sorted(provider.given)})

    return [
        Route("/control/expire-access-tokens", expire_access_tokens, methods=["POST"]),
        Route("/control/counts", counts, methods=["GET"]),
        Route("/control/secrets", known, methods=["GET"]),
    ]


def main():
    arguments = serve.parser("the MCP SDK's authorization server and its resource server", transports=("http",))
    arguments.add_argument("--token-life", type=int, default=3600, metavar="SECONDS", help="of an access token")
    arguments.add_argument("--no-registration", dest="registration", action="store_false", help="no RFC 7591")
    arguments.add_argument("--no-refresh-token", action="store_true")
    arguments.add_argument(
        "--client", action="append", metavar="METHOD:ID:SECRET:REDIRECT_URI", help="a client known in advance")
    options = arguments.parse_args()

    listener, origin = serve.bind(options.port)
    provider = Provider(options, origin)
    for client in options.client or []:
        method, identifier, secret, redirect = client.split(":", 3)
        provider.clients[identifier] = OAuthClientInformationFull(
            client_id=identifier, client_secret=secret or None, token_endpoint_auth_method=method,
            redirect_uris=[redirect], scope="tools more")
    routes = create_auth_routes(
        provider, AnyHttpUrl(origin), revocation_options=RevocationOptions(enabled=True),
        client_registration_options=ClientRegistrationOptions(
            enabled=options.registration, valid_scopes=["tools", "more"], default_scopes=["tools"]))
    app = protected.app(
        options, origin + "/mcp", origin, provider, ["tools"],
        [*routes, *pages(provider), *control_routes(provider)])
    serve.serve(app, options, listener, "/mcp")


if __name__ == "__main__":
    main()
