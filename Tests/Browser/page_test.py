# The page of omlx serve in a real browser, headless Chromium: sign-ins allowed, denied and ended by the provider, sign-out, a tool
# tried, an entry edited with the file broken meanwhile; at phone width, in the dark, without scripts; axe finds nothing serious.
# Usage: page_test.py [--short] FOLDER [SCREENSHOTS]
# (of the programs omlx and omlx-demo-server; where pictures are left; short is one path alone: a sign-in, and a tool)
import contextlib
import os
import sys

from playwright.sync_api import sync_playwright

from browser_test import ask, expect, read, until
from serving import Desktop, Serving, chromium, fair, fitting, harmless as shows_no, within

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


class Scene(Serving):
    """Two demo servers, a child, one that is off; omlx serve in front of them."""

    def __init__(self, stack, programs, pictures):
        super().__init__(stack, programs, pictures)
        urls = {name: self.demo(name, "--consent", "page") for name in ("notion", "linear")}
        self.provider = urls["notion"].removesuffix("/mcp")
        with open(self.work + "/notes.py", "w") as file:
            file.write(NOTES)
        self.configure({
            "notion": {"url": urls["notion"]}, "linear": {"url": urls["linear"]},
            "notes": {"command": "python3", "args": ["notes.py", "--token", "arg-literal-secret"], "cwd": self.work,
                      "env": {"NOTES_KEY": "env-literal-secret"}},
            "warehouse": {"command": "sh", "args": ["-c", "echo MOTHERDUCK_TOKEN is not set >&2; exit 1"]},
            "slack": {"url": "https://mcp.slack.com/mcp", "enabled": False}})
        self.start()


def harmless(page):
    shows_no(page, SECRETS)


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
    page.wait_for_function("document.querySelector('figure img')?.naturalWidth === 160")
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
        fitting(page)
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


def refused_file(scene, page):
    """A file that cannot be used is said on the open page, with its place, and no more once it is mended; the servers go on."""
    page.goto(scene.base + "/")
    title = page.title()
    before = read(scene.file)
    scene.write(before[:-2])
    page.wait_for_selector("text=The configuration is not used as it is written now")
    said = page.inner_text("#summary")
    expect("line" in said and "column" in said and scene.file in said, said)
    expect(page.title() == title, page.title())
    fair(page)
    harmless(page)
    scene.write(before)
    page.wait_for_selector("text=The configuration is not used", state="detached")


def locked_store(stack, programs, browser):
    """The password of the files is asked for on the page: a wrong one is said, the right one lets the servers go on, and is nowhere."""
    serving = Serving(stack, programs)
    serving.configure({"notion": {"url": serving.demo("notion")}})
    serving.environment["OMLX_STORE_PASSWORD"] = "hunter2 & more"
    serving.start()
    address = serving.ask("/admin/api/mcp/servers/notion/authenticate", {})["auth_url"]
    context, page = serving.visitor(browser)
    page.goto(address)
    page.goto(serving.base + "/")
    page.wait_for_selector("h1:text('The one server is ready')")
    context.close()
    serving.stop()
    del serving.environment["OMLX_STORE_PASSWORD"]
    serving.start()
    context, page = serving.visitor(browser)
    field = page.get_by_label("Password of the encrypted files")
    field.fill("another one")
    fair(page)
    page.get_by_role("button", name="Unlock").click()
    page.wait_for_selector("role=alert >> text=That password does not open the sign-ins")
    fair(page)
    field.fill("hunter2 & more")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:text('The one server is ready')")
    page.wait_for_selector("text=The sign-ins are locked", state="detached")
    shows_no(page, ["hunter2"])
    expect("hunter2" not in read(serving.work + "/serve.log"), "the password is in the log")
    for folder, _, files in os.walk(serving.home):
        for name in files:
            with contextlib.suppress(OSError), open(f"{folder}/{name}", "rb") as file:
                expect(b"hunter2" not in file.read(), f"the password is in {folder}/{name}")
    context.close()
    serving.stop()


def notices(stack, programs, browser):
    """There is a notice on the desktop when a sign-in is needed again, but while a page is open."""
    serving = Serving(stack, programs)
    desktop = Desktop(stack, serving)
    url = serving.demo("notion")
    serving.configure({"notion": {"url": url}})
    serving.start()
    context, page = serving.visitor(browser)

    def signed_in():
        page.goto(serving.ask("/admin/api/mcp/servers/notion/authenticate", {})["auth_url"])
        page.goto(serving.base + "/")
        page.wait_for_selector("h1:text('The one server is ready')")

    def ended():
        ask("POST", url.removesuffix("/mcp") + "/demo/revoke-all", {})
        serving.ask("/api/v1/check", {"server": "notion"})

    signed_in()
    ended()
    page.wait_for_selector("role=button[name='Sign in again to notion']")
    until("only the page in front", lambda: "omlx_pages_open 1\n" in serving.text("/metrics"))
    expect(desktop.heard() == [], desktop.said)
    signed_in()
    context.close()
    until("end of the page", lambda: "omlx_pages_open 0\n" in serving.text("/metrics"))
    ended()
    expect(desktop.next("shown")["title"] == "Sign in to notion again", desktop.said)
    serving.stop()


def main():
    within(1200)
    words = [word for word in sys.argv[1:] if word != "--short"]
    is_short = len(words) < len(sys.argv) - 1
    programs = os.path.realpath(words[0])
    pictures = os.path.realpath(words[1]) if len(words) > 1 else None
    if pictures:
        os.makedirs(pictures, exist_ok=True)
    with contextlib.ExitStack() as stack:
        scene = Scene(stack, programs, pictures)
        browser = chromium(stack.enter_context(sync_playwright()))
        stack.callback(browser.close)
        context, page = scene.visitor(browser, viewport={"width": 1280, "height": 800})
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.wait_for_selector("h1:text('1 of 4 servers is ready')")
        signing_in(scene, context, page)
        print("ok: a sign-in denied, then allowed", flush=True)
        if not is_short:
            ended_by_the_provider(scene, page)
            print("ok: a sign-in that the provider ended is said on the open page", flush=True)
            signing_out(context, page)
            print("ok: signed out", flush=True)
        trying_a_tool(scene, page)
        print("ok: a tool tried", flush=True)
        refused_file(scene, page)
        print("ok: a file that cannot be used is said, and no more once it is mended", flush=True)
        expect(not problems, problems)
        locked_store(stack, programs, browser)
        print("ok: a password asked for, a wrong one said", flush=True)
        notices(stack, programs, browser)
        print("ok: a notice on the desktop, and none while a page is open", flush=True)
        if is_short:
            return
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
