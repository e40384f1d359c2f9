# django-oidc-provider as the authorization server, issuer with a path, of an MCP server made with the MCP Python SDK, which
# asks it about tokens. No registration, no revocation, no list of PKCE methods, no `scope` in its replies, `aud` is the
# client; Basic is read without decoding. Person "ada", password in django_site.py; log in and consent are forms.
import secrets
import sys

import asked
import django_site
import protected
import serve

RESOURCE_SERVER, RESOURCE_SECRET = "the-mcp-server", secrets.token_hex(24)


def configure(options, origin):
    django_site.configure(
        "django_oidc_server", ["oidc_provider"], pages={"registration/login.html": django_site.LOGIN_PAGE},
        SITE_URL=origin, OIDC_TOKEN_EXPIRE=options.token_life)


def prepare(options):
    from oidc_provider.models import Client, ResponseType, RSAKey

    person = django_site.prepare()
    RSAKey.objects.create(key=django_site.rsa_key())

    def client(identifier, secret, redirect, scopes=()):
        made = Client.objects.create(
            client_id=identifier, name=identifier, owner=person, client_secret=secret,
            client_type="confidential" if secret else "public", _redirect_uris=redirect, _scope=" ".join(scopes))
        made.response_types.add(ResponseType.objects.get(value="code"))
        return made

    known = [client(*known.split(":", 3)[1:]).client_id for known in options.client or []]
    # Introspection answers those whose scopes name the client a token was made for.
    client(RESOURCE_SERVER, RESOURCE_SECRET, "", ["token_introspection", *known])


def url_patterns():
    from django.contrib.auth.views import LoginView
    from django.urls import include, path

    return [
        path("accounts/login/", LoginView.as_view()),
        path("openid/", include("oidc_provider.urls", namespace="oidc_provider")),
    ]


async def counts():
    from asgiref.sync import sync_to_async

    def count():
        from oidc_provider.models import Token

        return {"refresh_tokens": Token.objects.count()}

    return await sync_to_async(count)()


def main():
    arguments = serve.parser("django-oidc-provider and an MCP server it protects", transports=("http",))
    arguments.add_argument("--token-life", type=int, default=3600, metavar="SECONDS", help="of an access token")
    arguments.add_argument(
        "--client", action="append", metavar="METHOD:ID:SECRET:REDIRECT_URI",
        help="a client known in advance; without a secret a public one")
    options = arguments.parse_args()

    listener, origin = serve.bind(options.port)
    configure(options, origin)
    from django.core.asgi import get_asgi_application
    from starlette.routing import Mount

    global urlpatterns
    urlpatterns = url_patterns()
    prepare(options)
    issuer, scopes = origin + "/openid", ["openid", "profile"]
    ask = asked.introspection(issuer + "/introspect", RESOURCE_SERVER, RESOURCE_SECRET)
    verifier = asked.Verifier(origin + "/mcp", scopes, ask)
    app = protected.app(
        options, origin + "/mcp", issuer, verifier, scopes,
        [*verifier.routes(counts), Mount("/", app=get_asgi_application())])
    serve.serve(app, options, listener, "/mcp")


if __name__ == "__main__":
    # Django finds the addresses by the module's name.
    sys.modules["django_oidc_server"] = sys.modules["__main__"]
    main()
