# omlx serve in a home of its own, and a browser in front of its page: what the tests of the page share.
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request

from axe_playwright_python.sync_playwright import Axe

from browser_test import expect, http, program, read, until

PATIENCE = 60_000


class Serving:
    """omlx serve, with the servers that are given to it."""

    def __init__(self, stack, programs, pictures=None, **environment):
        self.stack, self.programs, self.pictures = stack, programs, pictures
        self.omlx = programs + "/omlx"
        self.work = stack.enter_context(tempfile.TemporaryDirectory(prefix="omlx-page-"))
        self.home = self.work + "/home"
        os.makedirs(self.home + "/run", 0o700)
        os.makedirs(self.home + "/.config/omlx", 0o700)
        self.file = self.home + "/.config/omlx/mcp.json"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": self.home, "LANG": "C.UTF-8", "XDG_RUNTIME_DIR": self.home + "/run",
            "OMLX_STORE": "file", **environment}
        self.log = open(self.work + "/serve.log", "a+")
        stack.callback(self.log.close)
        self.running = None

    def configure(self, servers):
        self.write(json.dumps({"servers": servers}, indent=2, ensure_ascii=False))

    def write(self, text):
        with open(self.file, "w") as file:
            file.write(text)

    def demo(self, name, *options, script=None):
        """A demo server.
        Returns its MCP URL."""
        ready = f"{self.work}/{name}.ready"
        words = [self.programs + "/omlx-demo-server", *options, "--ready-file", ready]
        if script is not None:
            with open(f"{self.work}/{name}.script", "w") as file:
                json.dump(script, file)
            words += ["--script", file.name]
        self.stack.enter_context(program(words, stdout=subprocess.DEVNULL))
        return until("demo server", lambda: read(ready)).strip()

    def start(self, port="0"):
        self.log.truncate(0)
        self.life = contextlib.ExitStack()
        self.stack.push(self.life)
        self.running = self.life.enter_context(program(
            [self.omlx, "serve", "--port", port], env=self.environment, cwd=self.work, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log))
        found = until("omlx serve", lambda: re.search(r"http://127\.0\.0\.1:\d+", read(self.work + "/serve.log") or ""))
        self.base = found[0]
        self.key = until("key", self.find_key)

    def stop(self):
        """Ends it in order."""
        self.running.terminate()
        self.running.wait()
        self.life.close()

    def find_key(self):
        for folder, _, files in os.walk(self.home):
            if folder.endswith("/access") and "key" in files:
                return read(folder + "/key").strip()

    def ask(self, path, body=None):
        """A question of the host's API."""
        return json.loads(self.text(path, body))

    def text(self, path, body=None):
        request = urllib.request.Request(
            self.base + path, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": "Bearer " + self.key, "Content-Type": "application/json"})
        with http.open(request, timeout=60) as reply:
            return reply.read().decode()

    def command(self, *words, **options):
        """omlx in a terminal, which has omlx serve do it: it names no store of its own."""
        environment = {name: value for name, value in self.environment.items() if not name.startswith("OMLX_STORE")}
        return subprocess.Popen(
            [self.omlx, *words], env=environment, cwd=self.work,
            stdin=options.pop("stdin", subprocess.DEVNULL), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True, **options)

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


class Desktop:
    """A bus of its own with a program on it that plays the desktop's part (Tests/Desktop/desktop.py), for what is started after it."""

    CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
        "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
        <busconfig><type>session</type><listen>unix:path=%s/bus</listen>
        <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
        <allow own="*"/></policy></busconfig>"""

    def __init__(self, stack, serving):
        self.said = []
        with open(serving.work + "/bus.conf", "w") as file:
            file.write(self.CONFIGURATION % serving.work)
        bus = stack.enter_context(program(
            ["dbus-daemon", "--config-file=" + file.name, "--nofork", "--nopidfile", "--print-address"], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL))
        expect(bus.stdout.readline(), "there is no bus")
        serving.environment["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={serving.work}/bus"
        script = os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + "/Desktop/desktop.py"
        self.running = stack.enter_context(program(
            ["/usr/bin/python3", "-B", script], env=serving.environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        self.next("ready")
        self.have("notifications on")

    def tell(self, line):
        self.running.stdin.write(line + "\n")
        self.running.stdin.flush()

    def have(self, line):
        self.tell(line)
        self.next("done")

    def next(self, what):
        """The next thing of this kind that it says."""
        for line in self.running.stdout:
            said = json.loads(line)
            if said["what"] == what:
                return said
            self.said.append(said)
        raise AssertionError(f"the desktop ended before it said {what}: {self.said}")

    def heard(self):
        """What it said by now and was not looked at."""
        self.have("capabilities actions body")
        said, self.said = self.said, []
        return said


def harmless(page, secrets):
    source = page.content()
    for secret in secrets:
        expect(secret not in source, f"{page.url} shows {secret}")


def fair(page):
    """Nothing that axe calls serious or worse."""
    # axe is put into the page by the driver, which no policy of the page keeps out.
    found = Axe().run(page)
    bad = [rule for rule in found.response["violations"] if rule["impact"] in ("serious", "critical")]
    expect(not bad, f"{page.url}: " + json.dumps([(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in bad], indent=1))


def fitting(page):
    """Nothing is wider than the window."""
    wide = page.evaluate("""() => {
        const width = document.documentElement.clientWidth;
        if (document.documentElement.scrollWidth <= width) return [];
        return [...document.querySelectorAll("main *, header *")]
            .filter((element) => element.getBoundingClientRect().right > width + 1)
            .map((element) => element.outerHTML.slice(0, 160)).slice(-3);
    }""")
    expect(not wide, f"{page.url} is too wide: {wide}")


def within(seconds):
    """Ends this program and all it has started when it takes longer: what waits without a limit of its own holds up none after it."""
    def over(*_):
        print(f"not over after {seconds} s", file=sys.stderr, flush=True)
        for process in started_by(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        os._exit(1)
    signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)


def started_by(parent):
    children = [int(number) for task in os.listdir(f"/proc/{parent}/task")
                for number in (read(f"/proc/{parent}/task/{task}/children") or "").split()]
    return [process for child in children for process in [*started_by(child), child]]


def chromium(playwright):
    path = shutil.which("chromium") or sys.exit("chromium is not installed; scripts/setup.sh browser installs it")
    arguments = ["--no-proxy-server"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
    return playwright.chromium.launch(executable_path=path, args=arguments)
