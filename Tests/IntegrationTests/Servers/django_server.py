# django-oauth-toolkit as the authorization server (issuer /o on the same origin, metadata by RFC 8414) of an MCP server
# made with the MCP Python SDK. Real accounts, a real login form, a real consent page: person "ada", password below.
#
# Rotation with reuse detection that revokes the family, RFC 9207 iss, RFC 8707 resource, RFC 7009 revocation and
# RFC 8628 device grant are the toolkit's own.
import os
import tempfile

import serve

PERSON, PASSWORD = "ada", "a-person-signs-in-7731"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def configure(options, origin):
    import django
    from django.conf import settings

    provider = {
        "SCOPES": {"tools": "Use the tools", "more": "Use more of them"},
        "DEFAULT_SCOPES": ["tools"],
        "OIDC_ISS_ENDPOINT": origin + "/o",
        "PKCE_REQUIRED": True,
        "ACCESS_TOKEN_EXPIRE_SECONDS": options.token_life,
        "ROTATE_REFRESH_TOKEN": True,
        "REFRESH_TOKEN_REUSE_PROTECTION": True,
        "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": options.grace,
        "REQUEST_APPROVAL_PROMPT": "force",
        "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": not options.no_iss,
        "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
        "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
        "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
        "DCR_ENABLED": options.registration,
        "DCR_REGISTRATION_PERMISSION_CLASSES": ("oauth2_provider.dcr.AllowAllDCRPermission",),
        "CIMD_ENABLED": options.client_document is not None,
        "CIMD_METADATA_FETCHER": "django_server.DocumentFetcher",
        "OAUTH_DEVICE_VERIFICATION_URI": origin + "/o/device/",
        "OAUTH_DEVICE_VERIFICATION_URI_COMPLETE": lambda code: f"{origin}/o/device/?user_code={code}",
        "DEVICE_FLOW_INTERVAL": 1,
    }
    if options.public_clients:
        provider["OAUTH2_TOKEN_ENDPOINT_AUTH_METHODS_SUPPORTED"] = ["none", "client_secret_basic"]
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        SECRET_KEY=os.urandom(32).hex(),
        ROOT_URLCONF="django_server",
        INSTALLED_APPS=[
            "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
            "oauth2_provider"],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware"],
        AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend"],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        DATABASES={"default": {
            "ENGINE": "django.db.backends.sqlite3", "NAME": tempfile.mkdtemp(dir=os.getcwd()) + "/django.sqlite",
            "OPTIONS": {
                "timeout": 20, "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"}}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        LOGIN_URL="/accounts/login/",
        USE_TZ=True,
        TEMPLATES=[{
            "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages"],
                "loaders": [
                    ("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN_PAGE}),
                    "django.template.loaders.app_directories.Loader"]}}],
        OAUTH2_PROVIDER=provider)
    settings.TEMPLATES[0].pop("APP_DIRS")
    django.setup()


# django.contrib.auth brings the view and the form, and leaves the page to the project.
LOGIN_PAGE = """<!doctype html><title>Sign in</title><h1>Sign in</h1>
<form method="post">{% csrf_token %}{{ form.as_p }}<input type="hidden" name="next" value="{{ next }}">
<button type="submit">Sign in</button></form>"""


def document_fetcher():
    """The toolkit's own reader of client metadata documents, except that it connects nowhere: it has public addresses
    only, and a test has none. Everything it checks about address and document, it checks."""
    import urllib3
    from oauth2_provider import cimd

    class DocumentFetcher(cimd.SafeMetadataFetcher):
        address, file = None, None

        def fetch(self, client_id):
            cimd._validate_client_id_url(client_id)
            if client_id != self.address:
                raise cimd.CIMDError("client_id document returned HTTP 404")
            with open(self.file, "rb") as document:
                return self._read_document(urllib3.HTTPResponse(
                    document, {"Content-Type": "application/json"}, status=200, preload_content=False))

    return DocumentFetcher


def prepare(options):
    """Tables, a person, and the clients that are configured in advance."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from oauth2_provider.models import get_application_model

    call_command("migrate", verbosity=0, interactive=False)
    person = User.objects.create_user(PERSON, "ada@people.example", PASSWORD)
    for client in options.client or []:
        identifier, secret, redirect = client.split(":", 2)
        get_application_model().objects.create(
            client_id=identifier, client_secret=secret, name=identifier, user=person,
            client_type="confidential" if secret else "public", redirect_uris=redirect,
            authorization_grant_type="authorization-code" if redirect else DEVICE_GRANT)


def url_patterns():
    from django.contrib.auth.views import LoginView
    from django.urls import include, path
    from oauth2_provider import urls

    served = urls.base_urlpatterns + urls.dcr_urlpatterns
    return [
        path("accounts/login/", LoginView.as_view()),
        # RFC 8414 §3.1: the well-known part stands before the issuer's path.
        path("", include((urls.metadata_urlpatterns[:2], "oauth2_provider"), namespace="metadata")),
        path("o/", include((served, "oauth2_provider"), namespace="oauth2_provider")),
    ]


class Verifier:
    """Looks a token up in the toolkit's tables, which is what its own introspection does."""

    def __init__(self, resource):
        self.resource = resource

    async def verify_token(self, text):
        from asgiref.sync import sync_to_async

        return await sync_to_async(self.look_up)(text)

    def look_up(self, text):
        import hashlib

        from mcp.server.auth.provider import AccessToken
        from oauth2_provider.models import get_access_token_model

        checksum = hashlib.sha256(text.encode()).hexdigest()
        token = get_access_token_model().objects.filter(token_checksum=checksum).first()
        if token is None or token.is_expired():
            return None
        # To the toolkit a token without resources, as its device grant gives, is good everywhere.
        return AccessToken(
            token=text, client_id=token.application.client_id, scopes=token.scope.split(),
            expires_at=int(token.expires.timestamp()), resource=(token.resource or [self.resource])[0],
            subject=token.user.get_username() if token.user else None)


def control_routes(origin):
    """What a test does to the server from outside, in place of waiting. POST, no request body."""
    from asgiref.sync import sync_to_async
    from django.utils import timezone
    from oauth2_provider import models
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    def route(path, work, method="POST"):
        async def answer(request):
            return JSONResponse(await sync_to_async(work)())

        return Route(path, answer, methods=[method])

    def expire_access_tokens():
        return {"expired": models.get_access_token_model().objects.update(expires=timezone.now())}

    def forget_clients():
        return {"forgotten": models.get_application_model().objects.all().delete()[0]}

    def counts():
        access, refresh = models.get_access_token_model().objects, models.get_refresh_token_model().objects
        return {
            "clients": models.get_application_model().objects.count(),
            "access_tokens": access.exclude(scope__contains="oauth2_provider:registration").count(),
            "refresh_tokens": refresh.filter(revoked__isnull=True).count(),
            "resources": sorted({r for token in access.all() for r in token.resource or []}),
            "users": sorted({token.user.get_username() for token in access.all() if token.user}),
        }

    def secrets():
        kinds = models.get_access_token_model(), models.get_refresh_token_model()
        return {"secrets": [token.token for kind in kinds for token in kind.objects.all()]}

    async def refresh_elsewhere(request):
        """Somebody with a copy of the newest refresh token of a public client uses it."""
        import httpx

        def newest():
            token = models.get_refresh_token_model().objects.filter(revoked__isnull=True).latest("id")
            return token.token, token.application.client_id

        token, client = await sync_to_async(newest)()
        async with httpx.AsyncClient(trust_env=False, verify=False) as http:
            reply = await http.post(origin + "/o/token/", data={
                "grant_type": "refresh_token", "refresh_token": token, "client_id": client})
        return JSONResponse({"status": reply.status_code, "granted": "access_token" in reply.json()})

    return [
        route("/control/expire-access-tokens", expire_access_tokens),
        route("/control/forget-clients", forget_clients),
        route("/control/counts", counts, "GET"),
        route("/control/secrets", secrets, "GET"),
        Route("/control/refresh-elsewhere", refresh_elsewhere, methods=["POST"]),
    ]


def main():
    arguments = serve.parser("django-oauth-toolkit and an MCP server it protects", transports=("http",))
    arguments.add_argument("--token-life", type=int, default=3600, metavar="SECONDS", help="of an access token")
    arguments.add_argument("--grace", type=int, default=0, metavar="SECONDS", help="a used refresh token still works")
    arguments.add_argument("--no-registration", dest="registration", action="store_false", help="no RFC 7591")
    arguments.add_argument("--no-iss", action="store_true", help="no iss in the authorization response")
    arguments.add_argument("--public-clients", action="store_true", help="lists the method none")
    arguments.add_argument(
        "--client", action="append", metavar="ID:SECRET:REDIRECT_URI",
        help="a client known in advance; without a secret a public one, without a redirect URI one for devices")
    arguments.add_argument(
        "--client-document", metavar="URL=FILE", help="takes client metadata documents; this one is at URL")
    options = arguments.parse_args()

    listener, origin = serve.bind(options.port, options.tls)
    configure(options, origin)
    import django.core.asgi
    import protected
    from starlette.routing import Mount

    global DocumentFetcher, urlpatterns
    DocumentFetcher = document_fetcher()
    if options.client_document:
        DocumentFetcher.address, _, DocumentFetcher.file = options.client_document.partition("=")
    urlpatterns = url_patterns()
    prepare(options)
    app = protected.app(
        options, origin + "/mcp", origin + "/o", Verifier(origin + "/mcp"), ["tools"],
        [*control_routes(origin), Mount("/", app=django.core.asgi.get_asgi_application())])
    serve.serve(app, options, listener, "/mcp")


if __name__ == "__main__":
    # Django finds the addresses and the reader of documents by the module's name.
    import sys

    sys.modules["django_server"] = sys.modules["__main__"]
    main()
