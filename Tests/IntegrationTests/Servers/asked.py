# Judges access tokens by asking the provider that gave them: introspection (RFC 7662), or the userinfo endpoint of OpenID
# Connect where a provider has no introspection.
import asyncio
import sys
import time

import httpx
from mcp.server.auth.provider import AccessToken
from starlette.responses import JSONResponse
from starlette.routing import Route

# A machine with other work takes its time; the tests have limits of their own.
PATIENCE = 120


class Verifier:
    """Asks about each token, every time; the test may declare those seen so far dead, in place of waiting."""

    def __init__(self, resource, scopes, ask):
        self.resource, self.scopes, self.ask = resource, scopes, ask
        self.seen, self.dead, self.audiences = set(), set(), set()

    async def verify_token(self, text):
        self.seen.add(text)
        if text in self.dead:
            return None
        facts = await self.ask(text)
        if not facts.get("active"):
            print("a token was refused:", facts, file=sys.stderr, flush=True)
            return None
        audience = facts.get("aud") or []
        audiences = [audience] if isinstance(audience, str) else list(audience)
        self.audiences.update(audiences)
        granted, end = facts.get("scope"), facts.get("exp")
        return AccessToken(
            token=text, client_id=str(facts.get("client_id", "unknown")),
            # A provider that says neither scopes nor resources has granted what was asked, and everywhere.
            scopes=self.scopes if granted is None else granted.split(), expires_at=None if end is None else int(end),
            resource=self.resource if self.resource in audiences or not self.binds(audiences) else audiences[0],
            subject=facts.get("username") or facts.get("sub"))

    @staticmethod
    def binds(audiences):
        """Whether a token names the places it is for; some providers put the client into `aud`."""
        return any("://" in audience for audience in audiences)

    def routes(self, more=None):
        """What a test does to the server from outside, and what it may know: GET or POST, no request body."""

        async def expire_access_tokens(request):
            self.dead.update(self.seen)
            # A token that states whole seconds is the same text when it is made again within one (Canaille's JWTs): the next
            # one is made in another.
            second = int(time.time())
            while int(time.time()) == second:
                await asyncio.sleep(0.05)
            return JSONResponse({"expired": len(self.dead)})

        async def counts(request):
            facts = {"tokens_seen": len(self.seen), "audiences": sorted(self.audiences)}
            return JSONResponse({**facts, **(await more() if more else {})})

        async def secrets(request):
            return JSONResponse({"secrets": sorted(self.seen)})

        return [
            Route("/control/expire-access-tokens", expire_access_tokens, methods=["POST"]),
            Route("/control/counts", counts, methods=["GET"]),
            Route("/control/secrets", secrets, methods=["GET"]),
        ]


def introspection(endpoint, client_id, client_secret):
    """Asks as a resource server that is registered at the provider as a client with a secret."""

    async def ask(text):
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
            reply = await http.post(endpoint, data={"token": text}, auth=(client_id, client_secret))
            reply.raise_for_status()
            return reply.json()

    return ask


def userinfo(endpoint):
    async def ask(text):
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
            reply = await http.get(endpoint, headers={"Authorization": f"Bearer {text}"})
        return {"active": reply.status_code == 200, **(reply.json() if reply.status_code == 200 else {})}

    return ask
