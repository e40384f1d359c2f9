# Counts all requests of a first and of a second sign-in at fastmcp's OAuth server, from the server's request log, and
# takes the time of each from start to end.
#
# A sign-in is what a person waits for: from the start of the command, or of the peer's client, until the tools are listed
# and the session is closed. Every request in between counts, whoever sends it: discovery ahead of a 401, the browser, and the
# end of the session too. The second sign-in starts with the registration kept and the tokens gone. A peer's time is without
# the start of its interpreter, omlx's is that of the whole process.
import json
import statistics
import subprocess
import time

MARK = "/benchmark-mark"
LIMIT = 90  # seconds for one client's two sign-ins
RUNS = 5  # each at a server of its own


class Count:
    def __init__(self, name):
        self.name, self.failure = name, None
        self.requests, self.seconds = ([], []), ([], [])


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
        return self.log.read_text().splitlines() if self.log.exists() else []

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
    times = [float(line) for line in done.stdout.split()]
    for number, part in enumerate((lines[:mark], lines[mark + 1:])):
        count.requests[number].append(len(part))
        count.seconds[number].append(times[number])


def count_omlx(count, omlx, root, environment, server, folder):
    """Two logins. `logout --local-only` in between drops the tokens and keeps the registration."""
    config = folder / "sign-in.json"
    config.write_text(json.dumps({"mcpServers": {"protected": {"url": server.url}}}))
    environment = {**environment, "BROWSER": str(root / "scripts/consent-browser")}
    for number, before in enumerate(([], ["logout", "protected", "--local-only"])):
        for command in filter(None, (before, ["login", "protected"])):
            seen, begun = len(server.requests()), time.perf_counter()
            done = subprocess.run(
                [omlx, "mcp", *command, "--mcp-config", config],
                env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
            if done.returncode:
                count.failure = f"{command[0]}: exit {done.returncode}: {done.stderr.strip()[-200:]}"
                return
        count.seconds[number].append(time.perf_counter() - begun)
        count.requests[number].append(len(server.requests()) - seen)


def count_all(omlx, root, environment, folder):
    """`omlx` is each binary of ours: name, path, environment."""
    counts = []
    ways = [
        ("mcp 2.x SDK", lambda c, s: count_peer(c, root, environment, s, "mcp2", "sdk2_sign_in.py")),
        ("fastmcp", lambda c, s: count_peer(c, root, environment, s, "fastmcp", "fastmcp_sign_in.py")),
    ]
    ours = [
        (name, lambda c, s, binary=binary, own=own: count_omlx(c, binary, root, own, s, folder))
        for name, binary, own in omlx
    ]
    ways = ours + ways
    for name, way in ways:
        count = Count(name)
        counts.append(count)
        for run in range(RUNS):
            server = OAuthServer(root, folder, f"{name.replace(' ', '-')}-{run}")
            try:
                way(count, server)
            except subprocess.TimeoutExpired:
                count.failure = f"no end within {LIMIT} s"
            finally:
                server.close()
            if count.failure:
                break
    return counts


def row(work, counts, values, shown):
    """A line of the table; the medians of each contender's runs."""
    medians = {c.name: statistics.median(values(c)) for c in counts if values(c) and not c.failure}
    mine, before = medians.pop("omlx", None), medians.pop("omlx before", None)
    was = "" if before is None else f" (before: {shown(before)})"
    best, name = min(((value, name) for name, value in medians.items()), default=(None, ""))
    ratio = f"{best / mine:.1f} ×" if best and mine else ""
    return (f"| {work} | {'–' if mine is None else shown(mine) + was} | {'–' if best is None else f'{shown(best)} {name}'} "
            f"| {ratio} |")


def table(counts):
    lines = ["| work | omlx | best peer | ratio |", "|---|---|---|---|"]
    for number, work in enumerate(("first sign-in, with registration", "second sign-in")):
        lines.append(row(f"{work}: requests", counts, lambda c: c.requests[number], lambda value: f"{value:g}"))
        lines.append(row(f"{work}: ms", counts, lambda c: c.seconds[number], lambda value: f"{value * 1000:.0f}"))
    return "\n".join(lines)
