# glewlwyd as the authorization server of an MCP server made with the MCP Python SDK. Its issuer has a path, its metadata
# stands where OpenID Connect Discovery has it and nowhere else, its tokens are JWTs whose aud is the RFC 8707 resource,
# its refresh tokens are good once. Person "ada", password below; she decides by its API as its own pages do.
import atexit
import ctypes
import gzip
import http.cookiejar
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from mcp.server.auth.provider import AccessToken
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route

import protected
import serve

PERSON, PASSWORD = "ada", "a-person-signs-in-7731"
# A machine with other work takes its time; the tests have limits of their own.
PATIENCE = 120
SCHEMA = "/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz"


class Glewlwyd:
    """The program, its folder, and its administrator's session."""

    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(dir=os.getcwd())
        self.database = self.folder + "/glewlwyd.sqlite"
        with sqlite3.connect(self.database) as database, gzip.open(SCHEMA, "rt") as schema:
            database.executescript("PRAGMA journal_mode=WAL;" + schema.read())
        self.browser = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        if not self.started():
            sys.exit("glewlwyd did not start")

    def started(self):
        # Bound here and not listening, the port is given to no other program, and glewlwyd may share it.
        self.held = socket.socket()
        self.held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.held.bind(("127.0.0.1", 0))
        port = self.held.getsockname()[1]
        self.origin = f"http://127.0.0.1:{port}"
        self.issuer = self.origin + "/api/oidc"
        with open(self.folder + "/glewlwyd.conf", "w") as file:
            file.write(f"""
                port={port} bind_address="127.0.0.1" external_url="{self.origin}" login_url="login.html"
                api_prefix="api" log_mode="console" log_level="ERROR" cookie_secure=0 cookie_same_site="empty"
                session_key="SESSION" session_expiration=3600 admin_scope="g_admin" profile_scope="g_profile"
                user_module_path="/usr/lib/glewlwyd/user" client_module_path="/usr/lib/glewlwyd/client"
                user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme" plugin_module_path="/usr/lib/glewlwyd/plugin"
                static_files_path="/usr/share/glewlwyd/webapp" hash_algorithm="SHA512"
                use_secure_connection=false secure_connection_key_file="none" secure_connection_pem_file="none"
                database={{ type="sqlite3" path="{self.database}" }}
                """)
        self.program = subprocess.Popen(
            ["glewlwyd", "-c", self.folder + "/glewlwyd.conf"], stdin=subprocess.DEVNULL, stdout=sys.stderr,
            preexec_fn=die_with_parent)
        atexit.register(self.program.kill)
        end = time.monotonic() + PATIENCE
        while self.program.poll() is None and time.monotonic() < end:
            try:
                self.call("GET", "/config")
                return True
            except (OSError, urllib.error.URLError):
                time.sleep(0.05)
        self.program.kill()
        return False

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            self.origin + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        try:
            with self.browser.open(request, timeout=PATIENCE) as reply:
                return reply.read()
        except urllib.error.HTTPError as error:
            raise OSError(f"{method} {path}: {error.code} {error.read(400)}") from None

    def configure(self, resource):
        # Of an elliptic curve's key it leaves zeros at the beginning of a coordinate out, against RFC 7518 §6.2.1.2: one
        # key in 128 would be none for those who read it.
        options, key = self.options, rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        self.call("POST", "/api/auth", {"username": "admin", "password": "password"})
        for scope in ("tools", "more"):
            self.call("POST", "/api/scope/", {"name": scope, "display_name": scope, "password_required": False})
        self.call("POST", "/api/user/", {
            "username": PERSON, "password": PASSWORD, "enabled": True,
            "scope": ["g_profile", "openid", "tools", "more"]})
        self.call("POST", "/api/mod/plugin/", {
            "module": "oidc", "name": "oidc", "display_name": "oidc", "order_rank": 0, "readonly": False,
            "parameters": {
                "iss": self.issuer, "oauth-as-iss-id": not options.no_iss,
                "jwt-type": "rsa", "jwt-key-size": "256", "key": private, "cert": public,
                "access-token-duration": options.token_life, "refresh-token-duration": 1209600,
                "refresh-token-rolling": True, "refresh-token-one-use": "always", "code-duration": 60,
                "allow-non-oidc": True, "auth-type-code-enabled": True, "auth-type-code-revoke-replayed": True,
                "auth-type-token-enabled": False, "auth-type-id-token-enabled": True,
                "auth-type-password-enabled": False, "auth-type-client-enabled": False,
                "auth-type-device-enabled": True, "auth-type-refresh-enabled": True,
                "device-authorization-expiration": 600, "device-authorization-interval": 1,
                "allowed-scope": ["openid", "tools", "more"], "jwks-show": True, "subject-type": "public",
                "pkce-allowed": True, "pkce-method-plain-allowed": False, "pkce-required": True,
                "introspection-revocation-allowed": True, "introspection-revocation-allow-target-client": True,
                "register-client-allowed": options.registration, "register-client-auth-scope": [],
                "register-client-credentials-scope": [], "register-client-management-allowed": True,
                "resource-allowed": True, "resource-scope": {"tools": [resource], "more": [resource]},
                "resource-scope-and-client-property": False, "resource-client-property": "resource",
                "session-management-allowed": False}})
        for client in options.client or []:
            identifier, secret, redirect = client.split(":", 2)
            self.call("POST", "/api/client/", {
                "client_id": identifier, "name": identifier, "enabled": True, "scope": [],
                "confidential": bool(secret), "client_secret": secret,
                "authorization_type": ["code", "refresh_token", "device_authorization"],
                "token_endpoint_auth_method": ["client_secret_basic"] if secret else ["none"],
                "redirect_uri": [redirect] if redirect else ["http://127.0.0.1/unused"]})

    def rows(self, query):
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=PATIENCE) as database:
            return database.execute(query).fetchall()


def die_with_parent():
    """However this program ends, glewlwyd does too (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Verifier:
    """Judges tokens as RFC 9068 has it: signature, issuer, aud, expiry; the test may declare those seen so far dead."""

    def __init__(self, glewlwyd, resource):
        self.glewlwyd, self.resource = glewlwyd, resource
        self.keys, self.seen, self.dead, self.texts = None, {}, set(), set()

    async def verify_token(self, text):
        return await run_in_threadpool(self.look_up, text)

    def look_up(self, text):
        try:
            if self.keys is None:
                self.keys = jwt.PyJWKSet.from_dict(json.loads(self.glewlwyd.call("GET", "/api/oidc/jwks")))
            kid = jwt.get_unverified_header(text).get("kid")
            key = next(key for key in self.keys.keys if kid in (None, key.key_id))
            claims = jwt.decode(
                text, key.key, algorithms=["RS256"], audience=self.resource, issuer=self.glewlwyd.issuer,
                options={"require": ["exp", "iat", "aud", "iss", "jti"]})
        except (jwt.PyJWTError, StopIteration) as error:
            print("a token was refused:", repr(error), file=sys.stderr, flush=True)
            return None
        self.seen[claims["jti"]] = claims
        self.texts.add(text)
        if claims["jti"] in self.dead:
            return None
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        return AccessToken(
            token=text, client_id=claims["client_id"], scopes=claims["scope"].split(), expires_at=claims["exp"],
            resource=audiences[0], subject=claims["sub"])


def control_routes(glewlwyd, verifier):
    """What a test does to the server from outside, in place of waiting."""

    async def expire_access_tokens(request):
        verifier.dead.update(verifier.seen)
        return JSONResponse({"expired": len(verifier.dead)})

    async def counts(request):
        refresh = await run_in_threadpool(
            glewlwyd.rows, "SELECT count(*) FROM gpo_refresh_token WHERE gpor_enabled=1")
        clients = await run_in_threadpool(glewlwyd.rows, "SELECT count(*) FROM g_client")
        return JSONResponse({
            "refresh_tokens": refresh[0][0], "tokens_seen": len(verifier.seen), "clients": clients[0][0],
            "audiences": sorted({str(claims["aud"]) for claims in verifier.seen.values()})})

    async def secrets(request):
        return JSONResponse({"secrets": sorted(verifier.texts)})

    return [
        Route("/control/secrets", secrets, methods=["GET"]),
        Route("/control/expire-access-tokens", expire_access_tokens, methods=["POST"]),
        Route("/control/counts", counts, methods=["GET"]),
    ]


def main():
    arguments = serve.parser("glewlwyd and an MCP server it protects", transports=("http",))
    arguments.add_argument("--token-life", type=int, default=3600, metavar="SECONDS", help="of an access token")
    arguments.add_argument("--no-registration", dest="registration", action="store_false", help="no RFC 7591")
    arguments.add_argument("--no-iss", action="store_true", help="no iss in the authorization response")
    arguments.add_argument(
        "--client", action="append", metavar="ID:SECRET:REDIRECT_URI",
        help="a client known in advance; without a secret a public one")
    options = arguments.parse_args()

    listener, origin = serve.bind(options.port)
    glewlwyd = Glewlwyd(options)
    glewlwyd.configure(origin + "/mcp")
    verifier = Verifier(glewlwyd, origin + "/mcp")
    app = protected.app(
        options, origin + "/mcp", glewlwyd.issuer, verifier, ["tools"], control_routes(glewlwyd, verifier))
    serve.serve(app, options, listener, "/mcp")


if __name__ == "__main__":
    main()
