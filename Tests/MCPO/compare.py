# Runs the same requests against mcpo and `omlx mcpo`, in front of the same servers, and says where the answers differ.
#
#   python3 -I compare.py OMLX MCPO DOCS
#
# DOCS is docs/mcpo.md, whose table names every difference there is meant to be: a request that differs and names none there
# is a failure, and so is a name there that no request shows. Statuses, bodies (as JSON values), descriptions and the headers
# that clients go by are compared.
import base64
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
KEEP = {"enum", "const", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"}
HEADERS = ("content-type", "allow", "www-authenticate", "location", "access-control-allow-origin",
           "access-control-allow-credentials", "access-control-allow-methods", "access-control-max-age",
           "access-control-allow-headers")
JSON_TYPE = {"Content-Type": "application/json"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """One of the two, with one command line."""

    def __init__(self, words, arguments, folder):
        self.port = free_port()
        self.log = open(folder / "log", "ab")
        environment = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "c"),
                       "XDG_STATE_HOME": str(folder / "s"), "XDG_DATA_HOME": str(folder / "d"),
                       "XDG_RUNTIME_DIR": str(folder / "r"), "OMLX_STORE": "memory"}
        self.process = subprocess.Popen(
            [*words, "--host", "127.0.0.1", "--port", str(self.port), *arguments],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, env=environment)
        until = time.monotonic() + 120
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    sys.exit(f"{words} did not start: {(folder / 'log').read_text()[-3000:]}")
                time.sleep(0.05)

    def ask(self, method, path, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body=body.encode() if isinstance(body, str) else body, headers=headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        kept = {name.lower(): value for name, value in response.getheaders() if name.lower() in HEADERS}
        return response.status, kept, text

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def plain(answer, port):
    """An answer as it is compared: JSON as a value."""
    status, headers, body = answer
    headers = dict(headers)
    if "location" in headers:
        headers["location"] = headers["location"].removeprefix(f"http://127.0.0.1:{port}")
    # A set's order is another in each process of Python.
    for name in ("allow", "vary"):
        if name in headers:
            headers[name] = sorted(headers[name].split(", "))
    kind = headers.get("content-type", "").split(";")[0]
    if kind == "application/json":
        try:
            return status, headers, json.loads(body)
        except ValueError:
            pass
    if kind == "text/html":
        return status, headers, "a page"
    return status, headers, body.decode("utf-8", "replace")


def without_limits(value):
    """A description without the keywords that mcpo drops."""
    if isinstance(value, dict):
        is_properties = False
        return {k: (without_properties(v) if k == "properties" else without_limits(v))
                for k, v in value.items() if k not in KEEP or is_properties}
    if isinstance(value, list):
        return [without_limits(v) for v in value]
    return value


def without_properties(value):
    return {k: without_limits(v) for k, v in value.items()} if isinstance(value, dict) else value


def requests_of(path):
    """NAME METHOD PATH BODY, `-` for none, and what may be said to differ before `!`."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        expected, _, rest = line.partition(" | ")
        words = rest.split(" ", 2)
        body = words[2] if len(words) > 2 and words[2] != "-" else None
        yield f"{path.name}:{number} {rest[:90]}", expected.strip(), words[0], words[1], body, \
            JSON_TYPE if body is not None else {}


A = {"Authorization": "Bearer K"}
ORIGIN = {"Origin": "http://a.b"}
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-a"}


def special(*rows):
    for difference, method, path, body, headers in rows:
        base = JSON_TYPE if body is not None else {}
        yield f"{method} {path} {headers} {body!r:.60}", difference, method, path, body, {**base, **headers}


def basic(text):
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


OPEN = [
    ("", "POST", "/demo/echo", '{"text":"a"}', ORIGIN),
    ("", "POST", "/demo/echo", '{"text":"a"}', {**ORIGIN, "Cookie": "a=b"}),
    ("", "OPTIONS", "/demo/echo", None, {**ORIGIN, **ASKS}),
    ("", "OPTIONS", "/demo/echo", None, {**ORIGIN, "Access-Control-Request-Method": "FOO"}),
    ("", "POST", "/demo/echo", '{"text":"a"}', {"Content-Type": "text/plain"}),
    ("", "POST", "/demo/echo", '{"text":"a"}', {"Content-Type": "application/vnd.x+json"}),
    ("", "POST", "/demo/echo", '{"text":"a"}', {"Content-Type": "application/json; charset=utf-8"}),
    ("", "POST", "/demo/echo", "text=a", {"Content-Type": "application/x-www-form-urlencoded"}),
    ("", "POST", "/demo/echo", b'{"text":"\xff"}', {}),
    ("", "POST", "/demo/echo", b'\xef\xbb\xbf{"text":"a"}', {}),
    ("", "POST", "/demo/echo", '{"text":"a","n":' + "[" * 100 + "]" * 100 + "}", {}),
    ("deep-nesting", "POST", "/demo/echo", '{"text":"a","n":' + "[" * 500 + "]" * 500 + "}", {}),
    ("", "POST", "/demo/echo", '{"text":"a","n":' + "[" * 5000 + "]" * 5000 + "}", {}),
    ("", "POST", "/demo/echo", '{"text":"' + "é" * 100_000 + '"}', {}),
]
KEYED = [
    ("", "POST", "/echo", '{"text":"a"}', {}),
    ("", "POST", "/echo", '{"text":"a"}', A),
    ("", "POST", "/echo", '{"text":"a"}', {"Authorization": "bearer K"}),
    ("", "POST", "/echo", '{"text":"a"}', {"Authorization": "Bearer X"}),
    ("", "POST", "/echo", '{"text":"a"}', {"Authorization": "Bearer "}),
    ("", "POST", "/echo", '{"text":"a"}', basic("x:K")),
    ("", "POST", "/echo", "{}", {"Authorization": "Bearer X"}),
    ("", "POST", "/echo", "{}", A),
    ("key-first", "POST", "/echo", "{bad", {}),
    ("", "POST", "/nope", "{}", {}),
    ("", "GET", "/openapi.json", None, {}),
    ("", "GET", "/docs", None, {}),
    ("", "GET", "/", None, {}),
    ("", "GET", "/echo", None, {}),
]
STRICT = [
    ("", "GET", "/docs", None, {}),
    ("", "GET", "/docs", None, A),
    ("", "GET", "/docs", None, {"Authorization": "Token x"}),
    ("", "GET", "/docs", None, basic("x:K")),
    ("", "GET", "/docs", None, basic("x:Y")),
    ("", "GET", "/docs", None, {"Authorization": "Basic ###"}),
    ("", "GET", "/nope", None, {}),
    ("", "OPTIONS", "/pre/demo/echo", None, {}),
    ("", "GET", "/openapi.json", None, A),
    ("", "GET", "/demo/openapi.json", None, A),
    ("", "GET", "/pre/demo/openapi.json", None, A),
    ("", "GET", "/pre/demo", None, A),
    ("", "GET", "/pre", None, A),
    ("", "POST", "/pre/demo/echo", '{"text":"a"}', A),
    ("", "POST", "/pre/demo/echo", '{"text":"a"}', basic("x:K")),
    ("", "GET", "/docs", None, {**A, **ORIGIN}),
    ("", "GET", "/docs", None, {**A, "Origin": "http://c.d"}),
    ("", "GET", "/docs", None, ORIGIN),
    ("", "OPTIONS", "/docs", None, {"Origin": "http://c.d", **ASKS}),
]
ROOTED = [
    ("", "GET", "/rp/openapi.json", None, {}),
    ("", "GET", "/openapi.json", None, {}),
    ("", "GET", "/rp/demo/openapi.json", None, {}),
    ("", "GET", "/rp/demo", None, {}),
    ("", "POST", "/rp/demo/echo", '{"text":"a"}', {}),
    ("root-path", "POST", "/demo/echo", '{"text":"a"}', {}),
    ("root-path", "GET", "/demo/openapi.json", None, {}),
]


def main(omlx, mcpo, docs):
    named = set(re.findall(r"^\| `([a-z][a-z-]*)` \|", Path(docs).read_text(), re.MULTILINE))
    seen, faults, count = set(), [], 0
    with tempfile.TemporaryDirectory(prefix="omlx-mcpo-") as name:
        folder = Path(name)
        (folder / "r").mkdir(mode=0o700)
        server = lambda script: [sys.executable, str(HERE / script)]
        command = lambda script: {"command": sys.executable, "args": [str(HERE / script)]}
        config = folder / "config.json"
        config.write_text(json.dumps({"mcpServers": {
            "demo": command("recorded_server.py"),
            "two": {**command("recorded_server.py"), "disabledTools": ["echo", "fail"]},
            "kinds": command("kinds_server.py")}}))
        runs = [
            (["--config", str(config)],
             [*requests_of(HERE / "requests.txt"), *special(*OPEN)]),
            (["--api-key", "K", "-n", "N", "-d", "D", "-v", "7", "--", *server("recorded_server.py")], special(*KEYED)),
            (["--path-prefix", "pre", "-n", "N1", "-d", "D1", "--version", "3", "-k", "K", "--strict-auth",
              "--cors-allow-origins", "http://a.b", "-c", str(config)], special(*STRICT)),
            (["--root-path", "/rp", "--config", str(config)], special(*ROOTED)),
        ]
        for arguments, requests in runs:
            theirs, ours = Program([mcpo], arguments, folder), Program([omlx, "mcpo"], arguments, folder)
            try:
                for title, difference, method, path, body, headers in requests:
                    count += 1
                    one = plain(theirs.ask(method, path, body, headers), theirs.port)
                    other = plain(ours.ask(method, path, body, headers), ours.port)
                    if path.endswith("openapi.json") and one[0] == 200:
                        if other[2] != without_limits(other[2]):
                            seen.add("limits-kept")
                        other = (*other[:2], without_limits(other[2]))
                        one = (*one[:2], without_limits(one[2]))
                    if one == other:
                        if difference:
                            faults.append(f"{title}: no difference, though `{difference}` is named\n    {one}")
                    elif difference in named:
                        seen.add(difference)
                    else:
                        faults.append(f"{title}:\n    mcpo {one}\n    omlx {other}")
            finally:
                theirs.end()
                ours.end()
    faults += [f"docs name `{name}`, and no request shows it" for name in sorted(named - seen)]
    print(f"{count} requests, {len(faults)} faults, differences seen: {', '.join(sorted(seen))}")
    for fault in faults:
        print("- " + fault[:3000])
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
