# Every state of the page in a real browser, headless Chromium, at several widths, light and dark: nothing is wider than the window,
# axe finds nothing serious, no secret is in any source. Pictures are left, to be looked at.
# Usage: scenes_test.py [--short] [--only SCENE] FOLDER [PICTURES]
# (of the programs omlx and omlx-demo-server; short is one width)
import contextlib
import json
import os
import socket
import sys
import time
import urllib.request

from playwright.sync_api import sync_playwright

from browser_test import ask, expect, http, until
from serving import Serving, chromium, fair, fitting, harmless, within

LOOKS = {
    "320-dark": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"},
    "360": {"viewport": {"width": 360, "height": 740}},
    "800-dark": {"viewport": {"width": 800, "height": 800}, "color_scheme": "dark"},
    "1280": {"viewport": {"width": 1280, "height": 860}},
    "1280-dark": {"viewport": {"width": 1280, "height": 860}, "color_scheme": "dark"},
}
SECRETS = ["literal-secret", "demo-at-", "demo-rt-", "demo-code-", "hunter2"]
OPEN = {"protection": {"mode": "none"}}
LONG = "a-server-with-a-name-that-goes-on-and-on-until-it-has-the-greatest-length"[:64]
WORDS = "it-has-no-blank-in-it-so-that-no-line-could-end-anywhere-" * 6
DEEP = {
    "name": "plan_a_journey_with_everything_that_belongs_to_it", "title": "Plan a journey",
    "description": "Plans a journey.\n\nIt takes a list of legs, each with places, times and travellers, and says what it would cost. "
                   + "Nothing is booked.",
    "inputSchema": {
        "type": "object", "required": ["legs", "currency", "quiet"],
        "properties": {
            "legs": {"type": "array", "description": "Where to, one after the other.", "minItems": 1, "items": {
                "type": "object", "required": ["from", "to"], "properties": {
                    "from": {"$ref": "#/$defs/place"}, "to": {"$ref": "#/$defs/place"},
                    "at": {"type": "string", "format": "date-time"},
                    "travellers": {"type": "array", "items": {"type": "object", "properties": {
                        "name": {"type": "string"}, "age": {"type": "integer", "minimum": 0, "maximum": 130},
                        "wishes": {"type": "array", "items": {"enum": ["window", "aisle", "quiet", "vegetarian"]}}}}}}}},
            "currency": {"enum": ["EUR", "CHF", "a currency that has a very long name indeed, longer than a phone is wide"],
                         "description": "In which prices are said."},
            "quiet": {"type": "boolean"}, "limit": {"type": "integer", "minimum": 1, "maximum": 50, "default": 10},
            "note": {"type": "string", "maxLength": 5000, "description": "Anything else, in your own words."},
            "an_argument_with_a_name_that_is_much_longer_than_it_would_have_to_be": {"type": "string", "default": WORDS},
            "start": {"$ref": "#/$defs/place"}},
        "$defs": {"place": {"type": "object", "description": "A place.", "properties": {
            "city": {"type": "string"}, "country": {"type": "string", "pattern": "^[A-Z]{2}$"},
            "position": {"type": "object", "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}}}}}}}}


def free_port():
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def gone():
    """The address of a server that is not there."""
    return f"http://127.0.0.1:{free_port()}/mcp"


def sign_in(serving, server):
    """Signs in as a program does; the provider asks nothing."""
    url = serving.ask(f"/admin/api/mcp/servers/{server}/authenticate", {})["auth_url"]
    with http.open(url, timeout=60) as reply:
        reply.read()
    until(f"sign-in at {server}", lambda: answers(serving)[server]["sign_in"]["state"] == "signed_in")


def answers(serving):
    """How the servers do, by their names."""
    return {row["name"]: row for row in serving.ask("/api/v1/status")["servers"]}


def settled(serving):
    """No server is still connecting."""
    until("rest", lambda: not any(row["transport_state"]["state"] == "connecting" for row in answers(serving).values()))


# MARK: scenes: each configures and starts omlx serve, and names the pages to look at.

def sixty(serving):
    url, locked = serving.demo("open", script=OPEN), serving.demo("locked", "--consent", "auto")
    names = ["atlassian", "figma", "github", "grafana", "hubspot", "intercom", "jira", "linear", "miro", "monday", "neon", "netlify",
             "notion", "paypal", "plaid", "posthog", "sentry", "square", "stripe", "supabase", "vercel", "webflow", "wix", "zapier"]
    servers = {}
    for number in range(60):
        name = names[number % len(names)] + ("" if number < len(names) else f"-{number // len(names) + 1}")
        servers[name] = {"url": url}
        if number % 7 == 3:
            servers[name] = {"url": f"{locked}"}
        if number % 13 == 5:
            servers[name] = {"url": gone()}
        if number % 11 == 9:
            servers[name] = {"url": url, "enabled": False}
    serving.configure(servers)
    serving.start()
    settled(serving)
    return ["/", "/?show=attention", "/?q=lin", "/?q=nothing+has+this", "/ui/activity"]


def failed(serving):
    serving.configure({
        "nobody-listens": {"url": gone()}, "no-such-host": {"url": "https://mcp.invalid/mcp"},
        "no-such-page": {"url": serving.demo("missing", script=OPEN).replace("/mcp", "/nothing")},
        "ends-at-once": {"command": "sh", "args": ["-c", "echo 'Error: MOTHERDUCK_TOKEN is not set' >&2; exit 1"]},
        "no-such-program": {"command": "omlx-there-is-no-such-program", "args": ["--stdio"]},
        "says-nonsense": {"command": "sh", "args": ["-c", "echo Welcome to the server!; cat > /dev/null"], "timeout": 3},
        "is-broken": {"url": serving.demo("broken", script={**OPEN, "mcp": {"overrides": {
            "*": {"status": 500, "body": "upstream connect error or disconnect/reset before headers"}}}})},
        "no-variable": {"url": "https://example.invalid/mcp", "headers": {"Authorization": "Bearer ${EXAMPLE_TOKEN}"}},
        "no-entry": {"colour": "blue"}})
    serving.start()
    settled(serving)
    return ["/", "/ui/servers/ends-at-once", "/ui/servers/ends-at-once/output", "/ui/servers/no-variable",
            "/ui/servers/no-entry", "/ui/servers/nobody-listens/events", "/ui/servers/is-broken"]


def empty(serving):
    serving.configure({})
    serving.start()
    return ["/", "/ui/add", "/ui/found", "/ui/activity"]


def all_off(serving):
    serving.configure({name: {"url": "https://mcp.example/mcp", "enabled": False} for name in ("slack", "notion")})
    serving.start()
    return ["/", "/ui/servers/slack", "/?show=ready"]


def first_run(serving):
    os.remove(serving.file) if os.path.exists(serving.file) else None
    folders = {
        ".cursor/mcp.json": {"mcpServers": {
            "github": {"url": "https://api.githubcopilot.com/mcp", "headers": {"Authorization": "Bearer literal-secret-1"}},
            "files": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "/home/ada/notes", "/home/ada/work"]}}},
        ".config/Claude/claude_desktop_config.json": {"mcpServers": {"sentry": {"command": "npx", "args": ["mcp-remote", "https://mcp.sentry.dev/mcp"]}}},
        ".gemini/settings.json": {"mcpServers": {}}, ".codeium/windsurf/mcp_config.json": "{ \"mcpServers\": ",
    }
    for path, content in folders.items():
        os.makedirs(os.path.dirname(f"{serving.home}/{path}"), exist_ok=True)
        with open(f"{serving.home}/{path}", "w") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))
    serving.start()
    return ["/", "/ui/found", "/ui/add"]


def refused(serving):
    """A file that is broken while omlx serve runs: the servers go on."""
    serving.configure({"notes": {"url": serving.demo("notes", script=OPEN)}, "linear": {"url": serving.demo("linear")}})
    serving.start()
    settled(serving)
    with open(serving.file) as file:
        text = file.read()
    serving.write(text[:-3] + ",\n    literal-secret\n")
    until("refusal", lambda: serving.ask("/api/v1/configuration").get("refusal"))
    return ["/", "/ui/servers/notes", "/ui/servers/notes/entry", "/ui/servers/notes/edit", "/ui/add"]


def broken(serving):
    """A file that is broken from the start."""
    serving.write('{\n  "servers": {\n    "notion": { "url": "https://mcp.notion.com/mcp" \n    "linear": {}\n  }\n}\n')
    serving.start()
    return ["/", "/ui/add"]


def sign_ins(serving):
    """One server of each state of the sign-in."""
    bearer = {"protection": {"staticBearer": "literal-secret-header"}}
    scripts = {"signed-in": {}, "asks": {}, "renewal-fails": {}, "no-header-needed": OPEN,
               "over": {"token": {"refreshTokens": False, "accessLifetime": 3600}},
               "no-client": {"registration": {"enabled": False}}, "header-set": bearer, "header-refused": bearer}
    servers = {name: {"url": serving.demo(name, script=script)} for name, script in scripts.items()}
    servers["header-set"]["headers"] = {"Authorization": "Bearer literal-secret-header"}
    servers["header-refused"]["headers"] = {"Authorization": "Bearer literal-secret-other"}
    servers["not-known"] = {"url": gone()}
    serving.configure(servers)
    serving.start()
    settled(serving)
    for name in ("signed-in", "over", "renewal-fails"):
        sign_in(serving, name)
    for name in ("over", "renewal-fails"):
        provider = servers[name]["url"].removesuffix("/mcp")
        ask("POST", provider + "/demo/revoke-all", {})
        serving.ask("/api/v1/check", {"server": name})
    settled(serving)
    return ["/"] + ["/ui/servers/" + name for name in servers]


def locked(serving):
    """The files that keep sign-ins are locked with a password that omlx serve was not given."""
    serving.configure({"notion": {"url": serving.demo("notion")}, "linear": {"url": serving.demo("linear")},
                       "files": {"url": serving.demo("files", script=OPEN)}})
    serving.environment["OMLX_STORE_PASSWORD"] = "hunter2"
    serving.start()
    settled(serving)
    sign_in(serving, "notion")
    serving.stop()
    del serving.environment["OMLX_STORE_PASSWORD"]
    serving.start()
    settled(serving)
    return ["/", "/ui/servers/notion"]


def long(serving):
    """Names, commands, addresses and errors of the greatest length."""
    serving.configure({
        LONG: {"command": "sh", "args": ["-c", f"echo '{WORDS}' >&2; exit 3", "--" + WORDS]},
        "x" * 64: {"url": gone() + "/" + WORDS},
        "long-words": {"url": serving.demo("words", script={**OPEN, "mcp": {"overrides": {
            "initialize": {"status": 400, "body": json.dumps({"error": "invalid_request", "error_description": WORDS})}}}})},
        "long-tools": {"url": serving.demo("tools", script={**OPEN, "mcp": {"tools": {"custom": [
            {"name": ("tool_" * 30)[:128], "description": WORDS * 3, "inputSchema": {"type": "object"}}, DEEP]}}})}})
    serving.start()
    settled(serving)
    return ["/", "/ui/activity", "/ui/servers/" + LONG, f"/ui/servers/{LONG}/output", f"/ui/servers/{LONG}/entry",
            f"/ui/servers/{LONG}/events", f"/ui/servers/{LONG}/edit", f"/ui/servers/{LONG}/remove", "/ui/servers/long-words",
            "/ui/servers/long-tools", "/ui/servers/long-tools/tools/" + DEEP["name"]]


def scripts(serving):
    """Names from right to left, of emoji, in many scripts, and such as would be markup."""
    url = serving.demo("open", script={**OPEN, "mcp": {"tools": {"custom": [
        {"name": "בדיקה", "description": "כלי לבדיקה של שרת, with some English in it.", "inputSchema": {"type": "object", "properties": {
            "שם": {"type": "string", "description": "השם המלא"}}}}]}}})
    serving.configure({
        "חדשות": {"url": url}, "الأخبار": {"url": gone()}, "🦆 duck": {"url": url}, "天気予報": {"url": url},
        "<b>bold</b>": {"url": serving.demo("locked")}, "a\u202eb": {"url": gone()}})
    serving.start()
    settled(serving)
    return ["/", "/ui/servers/%D7%97%D7%93%D7%A9%D7%95%D7%AA", "/ui/servers/%F0%9F%A6%86%20duck", "/ui/activity",
            "/ui/servers/%3Cb%3Ebold%3C%2Fb%3E"]


def secret(serving):
    """Secrets that stand in the file itself."""
    serving.configure({
        "api": {"url": serving.demo("api", script={"protection": {"staticAPIKey": "literal-secret-key"}}),
                "headers": {"X-Api-Key": "literal-secret-key", "X-Trace": "on", "X-Team": "${USER:-ada}"}},
        "query": {"url": gone() + "?key=literal-secret-query"},
        "child": {"command": "sh", "args": ["-c", "echo the key is $KEY >&2; exit 1", "--token", "literal-secret-arg"],
                  "env": {"KEY": "literal-secret-env"}}})
    serving.start()
    settled(serving)
    return ["/", "/ui/servers/api", "/ui/servers/api/entry", "/ui/servers/api/edit", "/ui/servers/query", "/ui/servers/child/output",
            "/ui/servers/child/edit", "/ui/activity"]


SCENES = [sixty, failed, empty, all_off, first_run, refused, broken, sign_ins, locked, long, scripts, secret]


def main():
    within(1200)
    words = list(sys.argv[1:])
    is_short = "--short" in words
    only = words[words.index("--only") + 1] if "--only" in words else None
    words = [word for word in words if word not in ("--short", "--only", only)]
    pictures = os.path.realpath(words[1]) if len(words) > 1 else None
    if pictures:
        os.makedirs(pictures, exist_ok=True)
    looks = {"360": LOOKS["360"]} if is_short else LOOKS
    faults = []
    with sync_playwright() as playwright, contextlib.closing(chromium(playwright)) as browser:
        for scene in SCENES:
            name = scene.__name__.replace("_", "-")
            if only is not None and name not in only.split(","):
                continue
            began = time.monotonic()
            with contextlib.ExitStack() as stack:
                serving = Serving(stack, os.path.realpath(words[0]), pictures)
                paths = scene(serving)
                for look, options in looks.items():
                    context, page = serving.visitor(browser, **options)
                    for number, path in enumerate(paths):
                        page.goto(serving.base + path)
                        serving.picture(page, f"{name}-{number}-{look}")
                        for looks_at in (lambda: harmless(page, SECRETS), lambda: fitting(page), lambda: fair(page)):
                            try:
                                looks_at()
                            except AssertionError as fault:
                                faults.append(f"{name} {look}: {fault}")
                    context.close()
            if faults:
                continue
            print(f"ok: {name} ({time.monotonic() - began:.0f} s)", flush=True)
    expect(not faults, "\n".join(faults))


if __name__ == "__main__":
    main()
