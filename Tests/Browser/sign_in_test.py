# Sign-ins on the page in a real browser, headless Chromium: begun and ended here and in a terminal, by a code, one after the other, with
# the daemon started anew in the middle; denied, expired, over; and the way back to the daemon itself.
# Usage: sign_in_test.py [--short] FOLDER [PICTURES]
# (of the programs omlx and omlx-demo-server; short is a terminal's sign-in, a code, and the way back to the daemon)
import contextlib
import os
import re
import sys

from playwright.sync_api import sync_playwright

from browser_test import ask, expect, until
from scenes_test import answers, free_port
from serving import Serving, chromium, fair, fitting, harmless, within

SECRETS = ["demo-at-", "demo-rt-", "demo-code-", "demo-device-", "code_verifier"]


def looked_at(serving, page, name):
    serving.picture(page, name)
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        fitting(page)
        serving.picture(page, f"{name}-{width}")
    fair(page)
    harmless(page, SECRETS)


def tab(context, page, act):
    """Opens the provider's page by the link, and does something there."""
    page.wait_for_selector("a[target=_blank]")
    with context.expect_page() as opened:
        page.click("a[target=_blank]")
    act(opened.value)
    opened.value.close()


def answer(word):
    def act(page):
        page.click(f"button[value={word}]")
        page.wait_for_selector("text=You can close this tab")
    return act


def signed_in(serving, server):
    return answers(serving)[server]["sign_in"]["state"] == "signed_in"


def output(running):
    said, _ = running.communicate(timeout=60)
    return said


# MARK: what is tested, each on a page of its own.

def terminal(serving, context, page):
    """A sign-in begun in a terminal is seen here, and ended here; one that is allowed here ends it well there; what the terminal signs
    out of is seen here."""
    page.goto(serving.base + "/")
    typed = serving.command("mcp", "login", "notion", "--no-browser")
    page.get_by_role("link", name="Show the sign-in to notion").wait_for()
    fair(page)
    page.get_by_role("link", name="Show the sign-in to notion").click()
    page.wait_for_selector("text=It was begun in a terminal or by another program")
    looked_at(serving, page, "elsewhere")
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_selector("text=The sign-in was given up")
    said = output(typed)
    expect(typed.returncode == 130 and "ended on the page" in said, (typed.returncode, said))
    page.goto(serving.base + "/")
    typed = serving.command("mcp", "login", "notion", "--no-browser")
    page.get_by_role("link", name="Show the sign-in to notion").click()
    tab(context, page, answer("allow"))
    page.wait_for_selector("h1:text('Signed in to notion')")
    said = output(typed)
    expect(typed.returncode == 0 and "Signed in to notion" in said, (typed.returncode, said))
    page.goto(serving.base + "/")
    page.wait_for_selector("text=signed in")
    expect(serving.command("mcp", "logout", "notion").wait(60) == 0, "no sign-out")
    page.get_by_role("button", name="Sign in to notion").wait_for()


def joined(serving, context, page):
    """A terminal that asks for the sign-in under way here takes part in it; ended there, it goes on here."""
    page.goto(serving.base + "/")
    page.get_by_role("button", name="Sign in to notion").click()
    page.wait_for_selector("a[target=_blank]")
    typed = serving.command("mcp", "login", "notion", "--no-browser")
    expect(re.search(r"http://\S+/authorize\?", typed.stdout.readline() + typed.stdout.readline()), "no address in the terminal")
    tab(context, page, answer("allow"))
    page.wait_for_selector("h1:text('Signed in to notion')")
    said = output(typed)
    expect(typed.returncode == 0, (typed.returncode, said))
    expect(serving.command("mcp", "logout", "notion").wait(60) == 0, "no sign-out")


def code(serving, context, page):
    """By a code: denied, then entered on another page; the provider's words, and one button."""
    for word in ("deny", "allow"):
        page.goto(serving.base + "/")
        page.get_by_role("button", name="Sign in to device").click()
        page.get_by_role("button", name="Sign in with a code").click()
        page.wait_for_selector("svg.qr")
        shown = re.search(r"[B-Z]{4}-[B-Z]{4}", page.inner_text(".code"))[0]
        looked_at(serving, page, "code")
        other = context.new_page()
        other.goto(page.get_attribute("a[target=_blank]", "href").split("?")[0])
        other.fill("input[name=user_code]", shown)
        # A page that is closed while it still loads can hold up the browser for good.
        with other.expect_response(lambda response: response.request.method == "POST"):
            other.click(f"button[value={word}]")
        other.wait_for_load_state()
        other.close()
        if word == "deny":
            page.wait_for_selector("h1:text('Not signed in to device')")
            looked_at(serving, page, "denied")
            expect(page.get_by_role("button", name="Sign in again").count() == 1, "not one button")
        else:
            page.wait_for_selector("h1:text('Signed in to device')")
            looked_at(serving, page, "signed-in")


def code_over(serving, context, page):
    """A code whose time is over."""
    page.goto(serving.base + "/")
    page.get_by_role("button", name="Sign in to hasty").click()
    page.get_by_role("button", name="Sign in with a code").click()
    page.wait_for_selector("h1:text('Not signed in to hasty')")
    expect("the code" in page.inner_text("main").lower(), page.inner_text("main"))
    looked_at(serving, page, "over")


def refused(serving, context, page):
    """The provider says no in its own words, which are the provider's."""
    page.goto(serving.base + "/ui/servers/strict")
    page.get_by_role("button", name="Sign in").first.click()
    tab(context, page, lambda other: other.wait_for_selector("text=close this tab"))
    page.wait_for_selector("h1:text('Not signed in to strict')")
    expect("The account lin@example.org is not a member of this workspace" in page.inner_text("main"), page.inner_text("main"))
    looked_at(serving, page, "wrong-account")


def round_of_all(serving, context, page):
    """Several, one after the other; one of them is denied, and the others go on."""
    page.goto(serving.base + "/")
    page.get_by_role("button", name=re.compile("Sign in to (all|both)")).click()
    seen = []
    while True:
        page.wait_for_selector("a[target=_blank], h1:text('Signed in to'), h1:text('Not signed in to')")
        title = page.inner_text("h1")
        if not title.startswith("Signing in to "):
            break
        server = title.removeprefix("Signing in to ")
        seen.append(server)
        if server == "strict":
            tab(context, page, lambda other: other.wait_for_selector("text=close this tab"))
            page.wait_for_selector("h1:text('Not signed in to strict')")
            if page.get_by_role("button", name=re.compile("Go on with")).count() == 0:
                break
            page.get_by_role("button", name=re.compile("Go on with")).click()
        else:
            tab(context, page, answer("allow"))
        page.wait_for_function("title => document.querySelector('h1').textContent !== title", arg=title)
    expect(len(seen) > 2 and len(set(seen)) == len(seen), seen)
    for server in set(seen) - {"strict"}:
        until(f"sign-in at {server}", lambda: signed_in(serving, server))


def started_anew(serving, context, page):
    """The daemon is started anew while a person is at the provider's: the page says so, and begins anew."""
    expect(serving.command("mcp", "logout", "notion").wait(60) == 0, "no sign-out")
    page.goto(serving.base + "/")
    page.get_by_role("button", name="Sign in to notion").click()
    page.wait_for_selector("a[target=_blank]")
    serving.stop()
    page.wait_for_selector("text=omlx does not answer")
    serving.start(serving.base.rsplit(":", 1)[1])
    page.wait_for_selector("h1:text('This sign-in is over')")
    fair(page)
    page.get_by_role("button", name="Sign in to notion").click()
    tab(context, page, answer("allow"))
    page.wait_for_selector("h1:text('Signed in to notion')")


def renewal(serving, context, page):
    """A renewal that the provider refuses: said on the open page, with the button that mends it."""
    page.goto(serving.base + "/")
    provider = answers(serving)["notion"]["endpoint"].removesuffix("/mcp")
    ask("PATCH", provider + "/demo/script", {"token": {"overrides": {"refresh_token": {
        "status": 400, "headers": ["Content-Type: application/json"],
        "body": '{"error": "invalid_grant", "error_description": "the grant was taken back"}'}}}})
    ask("POST", provider + "/demo/expire-tokens", {})
    said = output(serving.command("mcp", "call", "notion__echo", "text=x"))
    expect("OAUTH_REFRESH" in said or "OAUTH_SIGN_IN" in said, said)
    page.get_by_role("button", name="Sign in again to notion").wait_for()
    looked_at(serving, page, "renewal")
    page.get_by_role("button", name="Sign in again to notion").click()
    tab(context, page, answer("allow"))
    page.wait_for_selector("h1:text('Signed in to notion')")


def back_to_the_daemon(serving, context, page):
    """A client whose admin registered the daemon's own address: the browser comes back there, and no other port is opened."""
    page.goto(serving.base + "/")
    page.get_by_role("button", name="Sign in to registered").click()
    link = page.wait_for_selector("a[target=_blank]").get_attribute("href")
    expect("%2Fadmin%2Fapi%2Fmcp%2Foauth%2Fcallback" in link, link)
    tab(context, page, answer("allow"))
    page.wait_for_selector("h1:text('Signed in to registered')")


def main():
    words = [word for word in sys.argv[1:] if word != "--short"]
    is_short = len(words) < len(sys.argv) - 1
    pictures = os.path.realpath(words[1]) if len(words) > 1 else None
    if pictures:
        os.makedirs(pictures, exist_ok=True)
    within(1200)
    with contextlib.ExitStack() as stack:
        serving = Serving(stack, os.path.realpath(words[0]), pictures)
        port = free_port()
        callback = f"http://127.0.0.1:{port}/admin/api/mcp/oauth/callback"
        device = {"enabled": True, "consent": "page", "interval": 1}
        scripts = {
            "notion": {}, "device": {"device": device}, "hasty": {"device": {**device, "lifetime": 3}},
            "strict": {"authorization": {"error": "access_denied",
                                         "errorDescription": "The account lin@example.org is not a member of this workspace"}},
            "registered": {"registration": {"enabled": False}, "clients": [{"id": "omlx-here", "redirectURIs": [callback]}],
                           "authorization": {"anyLoopbackPort": False}}}
        servers = {name: {"url": serving.demo(name, *([] if name == "strict" else ["--consent", "page"]), script=script)}
                   for name, script in scripts.items()}
        servers["registered"]["auth"] = {"type": "oauth2", "client_id": "omlx-here", "redirect_uri": callback}
        serving.configure(servers)
        serving.start(str(port))
        browser = chromium(stack.enter_context(sync_playwright()))
        stack.callback(browser.close)
        context, page = serving.visitor(browser, viewport={"width": 1280, "height": 800})
        problems = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        tests = [terminal, joined, code, code_over, refused, back_to_the_daemon, round_of_all, started_anew, renewal]
        for test in [terminal, code, back_to_the_daemon] if is_short else tests:
            try:
                test(serving, context, page)
            except Exception:
                print(page.url, page.inner_text("body")[:3000])
                raise
            print(f"ok: {test.__name__.replace('_', ' ')}", flush=True)
        expect(not problems, problems)


if __name__ == "__main__":
    main()
