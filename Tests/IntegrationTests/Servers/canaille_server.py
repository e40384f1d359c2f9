# Canaille as the authorization server, at an origin of its own, of an MCP server made with the MCP Python SDK. Accounts,
# a log in of two pages and consent are its own; `openid` without `nonce` is refused, the answer has `iss` (RFC 9207), and
# revocation takes only client_secret_basic. Person "ada", password below.
import datetime
import os
import secrets

import asked
import protected
import serve

PERSON, PASSWORD = "ada", "a-person-signs-in-7731"
RESOURCE_SERVER, RESOURCE_SECRET = "the-mcp-server", secrets.token_urlsafe(24)


def make(options, origin):
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    import canaille
    from canaille.app import models
    from canaille.backends import Backend
    from joserfc.jwk import RSAKey

    app = canaille.create_app({
        "SECRET_KEY": secrets.token_urlsafe(24), "SERVER_NAME": origin.removeprefix("http://"),
        "PREFERRED_URL_SCHEME": "http",
        "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False, "HTMX": False, "LOGGING": {"version": 1}},
        "CANAILLE_OIDC": {
            "ACTIVE_JWKS": [RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)],
            "DYNAMIC_CLIENT_REGISTRATION_OPEN": options.registration, "REQUIRE_NONCE": not options.no_nonce,
            # By default every client on this machine is trusted, and no person asked.
            "TRUSTED_DOMAINS": []}})

    def client(identifier, secret, redirect, method):
        made = models.Client(
            client_id=identifier, client_name=identifier, client_secret=secret, redirect_uris=[redirect],
            client_id_issued_at=datetime.datetime.now(datetime.timezone.utc), token_endpoint_auth_method=method,
            grant_types=["authorization_code", "refresh_token"], response_types=["code"],
            scope=["openid", "profile", "email"])
        Backend.instance.save(made)
        return made

    with app.app_context(), Backend.instance.session():
        Backend.instance.save(models.User(
            user_name=PERSON, formatted_name="Ada", family_name="Lovelace", emails=["ada@people.example"],
            password=PASSWORD))
        protecting = client(RESOURCE_SERVER, RESOURCE_SECRET, "http://127.0.0.1/unused", "client_secret_basic")
        for known in options.client or []:
            method, identifier, secret, redirect = known.split(":", 3)
            made = client(identifier, secret or None, redirect, method)
            made.audience = [made, protecting]
            Backend.instance.save(made)
    admit(models, Backend)
    return app


def admit(models, backend):
    """Introspection answers those alone whom a token is for, and a client that registers is for itself: an administrator
    adds the MCP server in her pages. Here every token gets it as it is saved."""
    from canaille.oidc import provider

    save = provider.save_token

    def save_token(token, request):
        protecting = backend.instance.get(models.Client, client_id=RESOURCE_SERVER)
        if protecting not in request.client.audience:
            request.client.audience = [*request.client.audience, protecting]
            backend.instance.save(request.client)
        return save(token, request)

    provider.authorization.save_token = save_token
    provider.authorization._save_token = save_token


def main():
    arguments = serve.parser("Canaille and an MCP server that takes its tokens", transports=("http",))
    arguments.add_argument("--no-registration", dest="registration", action="store_false", help="no RFC 7591")
    arguments.add_argument("--no-nonce", action="store_true", help="takes `openid` without `nonce`")
    arguments.add_argument(
        "--client", action="append", metavar="METHOD:ID:SECRET:REDIRECT_URI", help="a client known in advance")
    options = arguments.parse_args()

    issuer, _ = serve.serve_beside(lambda origin: make(options, origin), options)
    listener, origin = serve.bind(options.port)
    scopes = ["openid", "profile"]
    ask = asked.introspection(issuer + "/oauth/introspect", RESOURCE_SERVER, RESOURCE_SECRET)
    verifier = asked.Verifier(origin + "/mcp", scopes, ask)
    app = protected.app(options, origin + "/mcp", issuer, verifier, scopes, verifier.routes())
    serve.serve(app, options, listener, "/mcp")


if __name__ == "__main__":
    main()
