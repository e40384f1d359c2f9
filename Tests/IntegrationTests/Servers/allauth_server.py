# django-allauth's OpenID provider (allauth.idp.oidc) as the authorization server, on the same origin, of an MCP server
# made with the MCP Python SDK, which asks it about tokens (RFC 7662). Log in, consent and the device's page are its own;
# registration, device grant, rotation, revocation and `aud` (RFC 8707) too. The client secrets it makes hold
# characters that a form encodes, and Basic is read as it stands, without decoding. Person "ada", password below.
import secrets
import sys

import asked
import django_site
import protected
import serve

RESOURCE_SERVER, RESOURCE_SECRET = "the-mcp-server", secrets.token_urlsafe(24)
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SCOPES = ["openid", "profile"]


def configure(options):
    django_site.configure(
        "allauth_server",
        ["django.contrib.sites", "allauth", "allauth.account", "allauth.idp.oidc"],
        ["allauth.account.middleware.AccountMiddleware"],
        SITE_ID=1,
        AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        ACCOUNT_LOGIN_METHODS={"username"}, ACCOUNT_EMAIL_VERIFICATION="none", ACCOUNT_RATE_LIMITS=False,
        IDP_OIDC_PRIVATE_KEY=django_site.rsa_key(),
        IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN=options.token_life,
        IDP_OIDC_ACCESS_TOKEN_FORMAT="jwt" if options.jwt else "opaque",
        IDP_OIDC_ROTATE_REFRESH_TOKEN=not options.no_rotation,
        IDP_OIDC_DCR_ENABLED=options.registration,
        IDP_OIDC_DCR_REQUIRES_INITIAL_ACCESS_TOKEN=options.initial_access_token is not None,
        IDP_OIDC_INTROSPECTION_ENABLED=True, IDP_OIDC_INTROSPECTION_CROSS_CLIENT_ALLOWED=True,
        IDP_OIDC_DEVICE_CODE_INTERVAL=1, IDP_OIDC_RATE_LIMITS=False)


def prepare(options):
    from allauth.idp.oidc.models import Client, Token

    person = django_site.prepare()

    def client(identifier, secret, redirect):
        made = Client(
            id=identifier, name=identifier, owner=person,
            type=Client.Type.CONFIDENTIAL if secret else Client.Type.PUBLIC)
        made.set_secret(secret or secrets.token_urlsafe(24))
        made.set_scopes(SCOPES)
        made.set_redirect_uris([redirect] if redirect else [])
        made.set_grant_types(["authorization_code", "refresh_token", DEVICE_GRANT])
        made.save()

    client(RESOURCE_SERVER, RESOURCE_SECRET, "")
    for known in options.client or []:
        client(*known.split(":", 3)[1:])
    if options.initial_access_token:
        token = Token(type=Token.Type.INITIAL_ACCESS_TOKEN)
        token.set_value(options.initial_access_token)
        token.save()


def url_patterns():
    from django.urls import include, path

    return [path("accounts/", include("allauth.account.urls")), path("", include("allauth.idp.urls"))]


async def counts():
    from asgiref.sync import sync_to_async

    def count():
        from allauth.idp.oidc.models import Client, Token

        kept = {kind: Token.objects.filter(type=kind).count() for kind in ("at", "rt")}
        return {
            "clients": Client.objects.count() - 1, "access_tokens": kept["at"], "refresh_tokens": kept["rt"],
            "public_clients": Client.objects.filter(type=Client.Type.PUBLIC).count()}

    return await sync_to_async(count)()


def main():
    arguments = serve.parser("django-allauth's provider and an MCP server it protects", transports=("http",))
    arguments.add_argument("--token-life", type=int, default=3600, metavar="SECONDS", help="of an access token")
    arguments.add_argument("--jwt", action="store_true", help="access tokens are JWTs")
    arguments.add_argument("--no-rotation", action="store_true", help="a refresh token stays the same")
    arguments.add_argument("--no-registration", dest="registration", action="store_false", help="no RFC 7591")
    arguments.add_argument("--initial-access-token", metavar="TEXT", help="wanted of those who register")
    arguments.add_argument(
        "--client", action="append", metavar="METHOD:ID:SECRET:REDIRECT_URI",
        help="a client known in advance; without a secret a public one")
    options = arguments.parse_args()

    configure(options)
    from django.core.asgi import get_asgi_application
    from starlette.routing import Mount

    global urlpatterns
    urlpatterns = url_patterns()
    prepare(options)
    listener, origin = serve.bind(options.port)
    ask = asked.introspection(origin + "/identity/o/api/introspect", RESOURCE_SERVER, RESOURCE_SECRET)
    verifier = asked.Verifier(origin + "/mcp", SCOPES, ask)
    app = protected.app(
        options, origin + "/mcp", origin, verifier, SCOPES,
        [*verifier.routes(counts), Mount("/", app=get_asgi_application())])
    serve.serve(app, options, listener, "/mcp")


if __name__ == "__main__":
    # Django finds the addresses by the module's name.
    sys.modules["allauth_server"] = sys.modules["__main__"]
    main()
