# The page of omlx serve in a real browser, headless Chromium: sign-ins allowed, denied and ended by the provider, sign-out, a tool
# tried, an entry edited with the file broken meanwhile; at phone width, in the dark, without scripts; axe finds nothing serious.
# Usage: page_test.py [--short] FOLDER [SCREENSHOTS]
# (of the programs omlx and omlx-demo-server; where pictures are left; short is one path alone: a sign-in, and a tool)
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from browser_test import ask, expect, http, program, read, until

PATIENCE = 60_000
SECRETS = ["env-literal-secret", "arg-literal-secret", "demo-at-", "demo-rt-", "demo-code-"]
NOTES = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message: continue
    method, result = message.get("method"), {}
    if method == "initialize":
        result = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "notes", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": [{"name": "picture", "description": "Draws a picture.", "inputSchema": {
            "type": "object", "properties": {"width": {"type": "integer", "description": "How wide it is."}},
            "required": ["width"]}}]}
    elif method == "tools/call":
        print("drawing", file=sys.stderr, flush=True)
        result = {"content": [{"type": "image", "mimeType": "image/svg+xml", "data": PICTURE}]}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
""".replace("PICTURE", repr("PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHdpZHRoPSIxNjAiIGhlaWdodD0iNjAiPjxyZWN0IHdpZHRoPSIxNjAiIGhlaWdodD0iNjAiIGZpbGw9IiMxZjVmZDAiLz48L3N2Zz4="))


class Scene:
    """Two demo servers, a child, one that is off; omlx serve in front of them in a home of its own."""

    def __init__(self, stack, programs, pictures):
        self.pictures = pictures
        self.work = stack.enter_context(tempfile.TemporaryDirectory(prefix="omlx-page-"))
        home = self.work + "/home"
        os.makedirs(home + "/run", 0o700)
        os.makedirs(home + "/.config/omlx", 0o700)
        self.file = home + "/.config/omlx/mcp.json"
        urls = {}
        for name in ("notion", "linear"):
            ready = f"{self.work}/{name}"
            stack.enter_context(program(
                [programs + "/omlx-demo-server", "--consent", "page", "--ready-file", ready], stdout=subprocess.DEVNULL))
            urls[name] = until("demo server", lambda: read(ready)).strip()
        self.provider = re.match(r"https?://[^/]*", urls["notion"])[0]
        with open(self.work + "/notes.py", "w") as file:
            file.write(NOTES)
        self.servers = {
            "notion": {"url": urls["notion"]}, "linear": {"url": urls["linear"]},
            "notes": {"command": "python3", "args": ["notes.py", "--token", "arg-literal-secret"], "cwd": self.work,
                      "env": {"NOTES_KEY": "env-literal-secret"}},
            "warehouse": {"command": "sh", "args": ["-c", "echo MOTHERDUCK_TOKEN is not set >&2; exit 1"]},
            "slack": {"url": "https://mcp.slack.com/mcp", "enabled": False}}
        with open(self.file, "w") as file:
            json.dump({"servers": self.servers}, file, indent=2)
        self.omlx = programs + "/omlx"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8", "XDG_RUNTIME_DIR": home + "/run",
            "OMLX_STORE": "file"}
        log = open(self.work + "/serve.log", "w+")
        stack.callback(log.close)
        stack.enter_context(program(
            [self.omlx, "serve", "--port", "0"], env=self.environment, cwd=self.work, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log))
        found = until("omlx serve", lambda: re.search(r"http://127\.0\.0\.1:\d+", read(self.work + "/serve.log") or ""))
        self.base = found[0]
        self.key = until("key", self.find_key)

    def find_key(self):
        for folder, _, files in os.walk(self.work + "/home"):
            if folder.endswith("/access") and "key" in files:
                return read(folder + "/key").strip()

    def link(self):
        """A link that signs a browser in, as omlx open makes it."""
        request = urllib.request.Request(
            self.base + "/api/v1/page-links", method="POST", data=b"", headers={"Authorization": "Bearer " + self.key})
        with http.open(request, timeout=60) as reply:
            return json.loads(reply.read())["url"]

    def visitor(self, browser, **options):
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(self.link())
        page.wait_for_url(self.base + "/")
        return context, page

    def picture(self, page, name):
        if self.pictures:
            page.screenshot(path=f"{self.pictures}/{name}.png", full_page=True)


def harmless(page):
    source = page.content()
    for secret in SECRETS:
        expect(secret not in source, f"{page.url} shows {secret}")


def fair(page):
    """Nothing that axe calls serious or worse."""
    # axe is put into the page by the driver, which no policy of the page keeps out.
    found = Axe().run(page)
    bad = [rule for rule in found.response["violations"] if rule["impact"] in ("serious", "critical")]
    expect(not bad, f"{page.url}: " + json.dumps([(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in bad], indent=1))


def provider_tab(context, page, answer):
    page.wait_for_selector("a[target=_blank]")
    with context.expect_page() as opened:
        page.click("a[target=_blank]")
    tab = opened.value
    tab.click(f"button[value={answer}]")
    tab.wait_for_selector("text=You can close this tab")
    tab.close()


def signing_in(scene, context, page):
    expect(page.title() == "omlx: 1 of 4 servers ready", page.title())
    page.get_by_role("button", name="Sign in to notion").click()
    page.wait_for_selector("a[target=_blank]")
    scene.picture(page, "sign-in")
    fair(page)
    provider_tab(context, page, "deny")
    page.wait_for_selector("h1:text('Not signed in to notion')")
    fair(page)
    harmless(page)
    page.get_by_role("button", name="Sign in again").click()
    provider_tab(context, page, "allow")
    page.wait_for_selector("h1:text('Signed in to notion')")
    harmless(page)
    fair(page)
    page.get_by_role("link", name="Servers").first.click()
    page.wait_for_selector("h1:text('2 of 4 servers are ready')")
    scene.picture(page, "servers")
    fair(page)


def ended_by_the_provider(scene, page):
    """The provider takes everything back; the page that is open says so by itself once it is noticed."""
    ask("POST", scene.provider + "/demo/revoke-all", {})
    with page.context.new_page() as other:
        other.goto(scene.base + "/ui/servers/notion/tools/echo")
        other.get_by_role("button", name="Call it").click()
        other.wait_for_selector("text=The call failed")
    page.wait_for_selector("role=button[name='Sign in again to notion']")
    harmless(page)


def signing_out(context, page):
    page.get_by_role("button", name="Sign in again to notion").click()
    provider_tab(context, page, "allow")
    page.get_by_role("link", name="Show its tools").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_selector("text=Signed out of notion")
    fair(page)


def trying_a_tool(scene, page):
    page.goto(scene.base + "/ui/servers/notes")
    page.get_by_label("width").fill("160")
    page.get_by_role("button", name="Call it").click()
    page.wait_for_selector("img[alt='The picture in the answer']")
    scene.picture(page, "server")
    expect(page.evaluate("document.querySelector('figure img').naturalWidth") == 160, "the picture is not shown")
    fair(page)
    harmless(page)
    page.get_by_role("link", name="Output").click()
    page.wait_for_selector("text=drawing")


def editing(scene, page):
    page.goto(scene.base + "/ui/servers/notes/edit")
    entry = page.get_by_label("Entry")
    harmless(page)
    fair(page)
    text = entry.input_value()
    entry.fill(text[:-1])
    page.get_by_role("button", name="Show what changes").click()
    expect(page.url.endswith("/edit"), "what is no JSON was sent")
    entry.fill(text.replace('"env"', '"timeout": 20,\n  "env"'))
    page.get_by_role("button", name="Show what changes").click()
    page.wait_for_selector(".diff .plus")
    scene.picture(page, "edit")
    fair(page)
    harmless(page)
    before = read(scene.file)
    with open(scene.file, "w") as file:
        file.write(before[:-2])
    page.get_by_role("button", name="Write it").click()
    page.wait_for_selector("h1:text('Nothing was written')")
    expect(read(scene.file) == before[:-2], "a broken file was written over")
    with open(scene.file, "w") as file:
        file.write(before)
    page.goto(scene.base + "/ui/servers/notes/edit")
    page.get_by_label("Entry").fill(text.replace('"env"', '"timeout": 20,\n  "env"'))
    page.get_by_role("button", name="Show what changes").click()
    page.get_by_role("button", name="Write it").click()
    page.wait_for_selector("h1:text('notes was changed')")
    expect("env-literal-secret" in read(scene.file) and '"timeout": 20' in read(scene.file), read(scene.file))
    page.get_by_role("button", name="Undo").click()
    page.wait_for_selector("h1:text('Taken back')")
    expect(read(scene.file) == before, "the file is not as it was")


PAGES = ["/", "/ui/activity", "/ui/add", "/ui/found", "/ui/servers/notion", "/ui/servers/notes/entry",
         "/ui/servers/notes/output", "/ui/servers/notes/events", "/ui/servers/warehouse", "/ui/servers/notes/remove"]


def every_page(scene, page, name):
    for path in PAGES:
        page.goto(scene.base + path)
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        expect(width <= 0, f"{path} is {width} px too wide, {name}")
        fair(page)
        harmless(page)
    page.goto(scene.base + "/")
    scene.picture(page, "servers-" + name)


def without_scripts(scene, context, page):
    page.get_by_role("button", name="Sign in to linear").click()
    # The page looks again by itself, or the person does.
    until("address", lambda: page.query_selector("a[target=_blank]") or page.reload() and None)
    provider_tab(context, page, "allow")
    until("end", lambda: page.query_selector("h1:text('Signed in to linear')") or page.reload() and None)
    page.goto(scene.base + "/ui/servers/notes/tools/picture")
    page.get_by_label("width").fill("160")
    page.get_by_role("button", name="Call it").click()
    until("picture", lambda: page.query_selector("figure img") or page.reload() and None)
    page.goto(scene.base + "/")
    page.get_by_label("More for linear").click()
    page.get_by_role("button", name="Sign out: linear").click()
    page.wait_for_selector("text=Signed out of linear")


def main():
    words = [word for word in sys.argv[1:] if word != "--short"]
    is_short = len(words) < len(sys.argv) - 1
    programs = os.path.realpath(words[0])
    pictures = os.path.realpath(words[1]) if len(words) > 1 else None
    if pictures:
        os.makedirs(pictures, exist_ok=True)
    chromium = shutil.which("chromium") or sys.exit("chromium is not installed; scripts/setup.sh browser installs it")
    arguments = ["--no-proxy-server"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
    with contextlib.ExitStack() as stack:
        scene = Scene(stack, programs, pictures)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        stack.callback(browser.close)
        context, page = scene.visitor(browser, viewport={"width": 1280, "height": 800})
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.wait_for_selector("h1:text('1 of 4 servers is ready')")
        signing_in(scene, context, page)
        print("ok: a sign-in denied, then allowed", flush=True)
        if is_short:
            trying_a_tool(scene, page)
            expect(not problems, problems)
            print("ok: a tool tried", flush=True)
            return
        ended_by_the_provider(scene, page)
        print("ok: a sign-in that the provider ended is said on the open page", flush=True)
        signing_out(context, page)
        print("ok: signed out", flush=True)
        trying_a_tool(scene, page)
        print("ok: a tool tried", flush=True)
        editing(scene, page)
        print("ok: an entry edited, with a file broken meanwhile, and taken back", flush=True)
        expect(not problems, problems)
        every_page(scene, page, "wide")
        context.close()
        for name, options in {
                "phone": {"viewport": {"width": 360, "height": 740}},
                "dark": {"viewport": {"width": 800, "height": 800}, "color_scheme": "dark"}}.items():
            context, page = scene.visitor(browser, **options)
            every_page(scene, page, name)
            context.close()
            print(f"ok: every page, {name}", flush=True)
        context, page = scene.visitor(browser, java_script_enabled=False)
        without_scripts(scene, context, page)
        print("ok: without scripts", flush=True)


if __name__ == "__main__":
    main()
