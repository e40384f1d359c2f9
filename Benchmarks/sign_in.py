# Counts the requests of a first and of a second sign-in at fastmcp's OAuth server, from the server's request log.
#
# Counted are the requests from the first 401 to the answer of the retried request, both included, without the
# browser's (/authorize). The second sign-in starts with the registration kept and the tokens gone.
import json
import os
import subprocess

MARK = "/benchmark-mark"
BROWSERS = "/authorize"
LIMIT = 90  # seconds for one client's two sign-ins
TARGETS = (7, 4)


class Count:
    def __init__(self, name):
        self.name, self.requests, self.failure = name, [None, None], None


def until_the_retry(lines, path):
    """The requests from the first 401 to the first good answer of the MCP endpoint; None when there is no such run."""
    requests = [line.split() for line in lines]
    requests = [(method, where, int(status)) for method, where, status in requests if status.isdigit()]
    started = next((n for n, (_, where, status) in enumerate(requests) if where == path and status == 401), 0)
    counted = 0
    for _, where, status in requests[started:]:
        if where != BROWSERS:
            counted += 1
        if where == path and status < 300:
            return counted
    return None


class OAuthServer:
    """fastmcp's OAuth server, with a request log."""

    def __init__(self, root, folder, name):
        self.log = folder / f"requests-{name}"
        program = root / "Tests/IntegrationTests/Servers/fastmcp_oauth_server.py"
        command = [root / ".venvs/fastmcp/bin/python", program, "--request-log", self.log, "--until-stdin-closes"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().split()[1]

    def requests(self):
        return self.log.read_text().splitlines()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def count_peer(count, root, environment, server, venv, script):
    command = [root / ".venvs" / venv / "bin/python", root / "Benchmarks/peers" / script, server.url]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LIMIT)
    if done.returncode:
        count.failure = f"exit {done.returncode}: {done.stderr.strip()[-200:]}"
        return
    lines = server.requests()
    mark = next(n for n, line in enumerate(lines) if f" {MARK} " in line)
    count.requests = [until_the_retry(part, "/mcp") for part in (lines[:mark], lines[mark + 1:])]


def count_omlx(count, omlx, root, environment, server, folder):
    """Two logins. `logout --local-only` in between drops the tokens and keeps the registration."""
    config = folder / "sign-in.json"
    config.write_text(json.dumps({"mcpServers": {"protected": {"url": server.url}}}))
    environment = {**environment, "BROWSER": str(root / "scripts/consent-browser")}
    seen = 0
    for number, before in enumerate(([], ["logout", "protected", "--local-only"])):
        for command in filter(None, (before, ["login", "protected"])):
            if command[0] == "login":
                seen = len(server.requests()) if os.path.exists(server.log) else 0
            done = subprocess.run(
                [omlx, "mcp", *command, "--mcp-config", config],
                env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
            if done.returncode:
                count.failure = f"{command[0]}: exit {done.returncode}: {done.stderr.strip()[-200:]}"
                return
        count.requests[number] = until_the_retry(server.requests()[seen:], "/mcp")


def count_all(omlx, root, environment, folder):
    counts = []
    ways = [
        ("mcp 2.x SDK", lambda c, s: count_peer(c, root, environment, s, "mcp2", "sdk2_sign_in.py")),
        ("fastmcp", lambda c, s: count_peer(c, root, environment, s, "fastmcp", "fastmcp_sign_in.py")),
    ]
    if omlx:
        ways.insert(0, ("omlx", lambda c, s: count_omlx(c, omlx, root, environment, s, folder)))
    for name, way in ways:
        count = Count(name)
        server = OAuthServer(root, folder, name.replace(" ", "-"))
        try:
            way(count, server)
        except subprocess.TimeoutExpired:
            count.failure = f"no end within {LIMIT} s"
        finally:
            server.close()
        counts.append(count)
    return counts


def table(counts):
    ours = next((count for count in counts if count.name == "omlx"), None)
    lines = ["| work | omlx | best peer | ratio | target |", "|---|---|---|---|---|"]
    for number, work in enumerate(("first sign-in, with registration: requests", "second sign-in: requests")):
        known = [(c.requests[number], c.name) for c in counts if c is not ours and c.requests[number]]
        best, name = min(known) if known else (None, "")
        mine = ours.requests[number] if ours else None
        ratio = f"{best / mine:.1f} ×" if best and mine else ""
        verdict = "" if mine is None else (", met" if mine <= TARGETS[number] else ", **missed**")
        lines.append(f"| {work} | {mine or '–'} | {f'{best} {name}' if best else '–'} | {ratio} "
                     f"| ≤ {TARGETS[number]}{verdict} |")
    return "\n".join(lines)
