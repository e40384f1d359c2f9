# A real browser as the person: headless Chromium signs in through the demo server's consent page and ends at omlx's
# own page, with scripts and without. Usage: browser_test.py FOLDER   (of the programs omlx and omlx-demo-server)
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

PATIENCE = 60
http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(method, url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": "application/json"})
    try:
        with http.open(request, timeout=PATIENCE) as reply:
            text = reply.read()
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{method} {url}: {error.code} {error.read(600)}") from None
    return json.loads(text) if text else None


def until(what, holds):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = holds()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"there was no {what} within {PATIENCE} s")


@contextlib.contextmanager
def program(words, **options):
    """A program in a process group of its own, all of which is gone afterwards."""
    running = subprocess.Popen(words, start_new_session=True, **options)
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


class Browser:
    """One window of Chromium, driven by the WebDriver protocol."""

    def __init__(self, driver, folder, scripts):
        arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={folder}"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        chrome = {"args": arguments}
        if not scripts:
            chrome["prefs"] = {"profile.managed_default_content_settings.javascript": 2}
        options = {"browserName": "chrome", "goog:chromeOptions": chrome}
        session = ask("POST", driver + "/session", {"capabilities": {"alwaysMatch": options}})["value"]
        self.url = f"{driver}/session/{session['sessionId']}"

    def get(self, name):
        return ask("GET", f"{self.url}/{name}")["value"]

    def do(self, name, **body):
        return ask("POST", f"{self.url}/{name}", body)["value"]

    def go(self, address):
        self.do("url", url=address)

    def find(self, selector):
        return self.do("elements", using="css selector", value=selector)

    def click(self, selector):
        (button,) = self.find(selector)
        self.do(f"element/{next(iter(button.values()))}/click")

    def text(self):
        (body,) = self.find("body")
        return self.get(f"element/{next(iter(body.values()))}/text")

    def close(self):
        ask("DELETE", self.url)


class Scene:
    """A demo server, a home for omlx, and a browser it does not start itself: it leaves the address in a file."""

    def __init__(self, stack, programs, driver, scripts, script=None):
        self.work = stack.enter_context(tempfile.TemporaryDirectory(prefix="omlx-browser-"))
        home = self.work + "/home"
        for folder in (home, home + "/run"):
            os.mkdir(folder, 0o700)
        self.address_file = self.work + "/address"
        opener = self.work + "/opener"
        with open(opener, "w") as file:
            file.write(f"#!/bin/sh\nprintf '%s\\n' \"$1\" >'{self.address_file}.new'\n"
                       f"mv '{self.address_file}.new' '{self.address_file}'\n")
        os.chmod(opener, 0o755)
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8", "XDG_RUNTIME_DIR": home + "/run",
            "BROWSER": opener,
            "OMLX_MCP_CONFIG": self.work + "/mcp.json"}
        self.omlx = programs + "/omlx"
        words = [programs + "/omlx-demo-server", "--consent", "page", "--ready-file", self.work + "/url"]
        if script:
            with open(self.work + "/script.json", "w") as file:
                json.dump(script, file)
            words += ["--script", self.work + "/script.json"]
        stack.enter_context(program(words, stdout=subprocess.DEVNULL))
        self.server = until("demo server", lambda: read(self.work + "/url")).strip()
        with open(self.work + "/mcp.json", "w") as file:
            json.dump({"servers": {"demo": {"url": self.server}}}, file)
        self.browser = Browser(driver, self.work + "/chromium", scripts)
        stack.callback(self.browser.close)

    def run(self, *words):
        return subprocess.run(
            [self.omlx, "mcp", *words], env=self.environment, cwd=self.work, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=PATIENCE)

    @contextlib.contextmanager
    def login(self):
        """`omlx mcp login`, and the address it opened."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.address_file)
        with program(
                [self.omlx, "mcp", "login", "demo", "--force"], env=self.environment, cwd=self.work,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
            yield running, until("address", lambda: read(self.address_file)).strip()


def read(path):
    with contextlib.suppress(FileNotFoundError), open(path) as file:
        return file.read()


def redirect_uri(address):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)["redirect_uri"][0]


def expect(holds, what):
    if not holds:
        raise AssertionError(what)


def own_page(browser):
    """The page at the redirect URI, which must need nothing and name nothing."""
    page = browser.get("source")
    expect(not re.search(r"<script|<img|<link|<iframe|javascript:", page), page)
    expect(not re.search(r"demo-code-|demo-at-", page), "the page shows a secret")
    return browser.text()


def allowed(scene):
    """The person allows; before that a second tab, its icon and a stray look came to the redirect URI."""
    browser = scene.browser
    with scene.login() as (running, address):
        browser.go(address)
        expect("Allow access" in browser.get("title"), browser.get("title"))
        first = browser.get("window")
        browser.do("window", handle=browser.do("window/new", type="tab")["handle"])
        browser.go(redirect_uri(address))
        own_page(browser)
        browser.go(redirect_uri(address).replace("/callback", "/favicon.ico"))
        expect(running.poll() is None, "a stray request ended the sign-in")
        browser.do("window", handle=first)
        browser.click("button[value=allow]")
        until("page of omlx", lambda: browser.get("url").startswith(redirect_uri(address)))
        expect("terminal" in own_page(browser), browser.text())
        output, _ = running.communicate(timeout=PATIENCE)
        expect(running.returncode == 0 and "Signed in to demo" in output, output)
    # The person presses reload, and goes back: the sign-in is done with that, and stays.
    for again in ("refresh", "back"):
        with contextlib.suppress(AssertionError):
            browser.do(again)
    tools = scene.run("tools")
    expect(tools.returncode == 0, tools)


def denied(scene):
    with scene.login() as (running, address):
        scene.browser.go(address)
        scene.browser.click("button[value=deny]")
        until("page of omlx", lambda: scene.browser.get("url").startswith(redirect_uri(address)))
        own_page(scene.browser)
        output, _ = running.communicate(timeout=PATIENCE)
        expect(running.returncode == 1 and "OAUTH_ACCESS_DENIED" in output, output)
    tools = scene.run("tools")
    expect(tools.returncode == 0, f"the earlier sign-in is gone: {tools}")


HOSTILE = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">'\"&lt;b&gt;"


def hostile(scene):
    """What the authorization server says is shown as text, or not at all."""
    with scene.login() as (running, address):
        scene.browser.go(address)
        for button in scene.browser.find("button[value=allow]")[:1]:
            scene.browser.do(f"element/{next(iter(button.values()))}/click")
        until("page of omlx", lambda: scene.browser.get("url").startswith(redirect_uri(address)))
        own_page(scene.browser)
        expect(scene.browser.get("title") != "owned", "what the server said ran as a script")
        output, _ = running.communicate(timeout=PATIENCE)
        expect(running.returncode == 1 and "OAUTH_AUTHORIZATION_ERROR" in output, output)


def main():
    programs = os.path.realpath(sys.argv[1])
    for name in ("chromium", "chromedriver"):
        if not shutil.which(name):
            sys.exit(f"{name} is not installed; scripts/setup.sh browser installs it")
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(program(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        line = next(line for line in running.stdout if "started successfully on port" in line)
        driver = "http://127.0.0.1:" + re.search(r"port (\d+)", line)[1]
        for scripts in (True, False):
            how = "with scripts" if scripts else "without scripts"
            with contextlib.ExitStack() as inner:
                scene = Scene(inner, programs, driver, scripts)
                allowed(scene)
                print(f"ok: {how}: allowed, a second tab and a reload beside it", flush=True)
                denied(scene)
                print(f"ok: {how}: denied, the earlier sign-in kept", flush=True)
            script = {"authorization": {"error": "server_error", "errorDescription": HOSTILE}}
            with contextlib.ExitStack() as inner:
                hostile(Scene(inner, programs, driver, scripts, script))
                print(f"ok: {how}: a hostile error is text", flush=True)


if __name__ == "__main__":
    main()
