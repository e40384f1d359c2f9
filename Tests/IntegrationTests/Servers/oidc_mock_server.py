# oidc-provider-mock as the authorization server, at an origin of its own, of an MCP server made with the MCP Python SDK.
# OpenID Connect Discovery only, no list of PKCE methods, a page where a person types who she is; denying there answers
# without `state`. It keeps nothing but in memory, and has no revocation.
import datetime
import os

import asked
import protected
import serve


def main():
    arguments = serve.parser("oidc-provider-mock and an MCP server that takes its tokens", transports=("http",))
    arguments.add_argument("--any-client", action="store_true", help="takes every client, known or not")
    arguments.add_argument("--require-nonce", action="store_true", help="refuses `openid` without `nonce`")
    arguments.add_argument("--no-refresh-token", dest="refresh", action="store_false")
    arguments.add_argument("--token-life", type=int, default=3600, metavar="SECONDS", help="of an access token")
    options = arguments.parse_args()

    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    import oidc_provider_mock

    def make_app(origin):
        return oidc_provider_mock.app(
            require_client_registration=not options.any_client, require_nonce=options.require_nonce,
            issue_refresh_token=options.refresh,
            access_token_max_age=datetime.timedelta(seconds=options.token_life))

    issuer, _ = serve.serve_beside(make_app, options)
    listener, origin = serve.bind(options.port)
    scopes = ["openid", "email"]
    verifier = asked.Verifier(origin + "/mcp", scopes, asked.userinfo(issuer + "/userinfo"))
    app = protected.app(options, origin + "/mcp", issuer, verifier, scopes, verifier.routes())
    serve.serve(app, options, listener, "/mcp")


if __name__ == "__main__":
    main()
