# Measures omlx and its peers side by side on the same work, in one run, and prints the figures as Markdown tables.
#
#   python3 Benchmarks/run.py [--omlx PATH] [--before PATH] [--runs N] [--only WORK,…] [--oauth] [--json FILE]
#
# Every contender of a row does the same work against the same servers (tiny_server.py), in turn, N times; a figure is
# the median. Without --omlx only the peers run. --before is another release binary of omlx, such as an earlier commit's: it
# takes its turns too, with folders of its own, and a table holds the two together. The peers' environments are made by scripts/venvs.sh when missing.
#
# CPU is user and system time of the client process from start to end, as wait4 tells it. wait4 counts in the children
# a process waited for, so with a stdio server the server's own share, which it writes down itself, is taken off when
# the client has waited for it. Peak memory is the largest resident size; see measure.py for its floor.
import argparse
import ctypes
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import sign_in

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
VENVS = ROOT / ".venvs"
PEER_VENVS = ("mcp1", "mcp2", "fastmcp", "mcp-stdio")
TOOLS_PER_SERVER = 10
LIMIT = 120  # seconds for one run of one contender

TENTH = 10

NOW, BEFORE = "omlx", "omlx before"
WALL, CPU, PEAK = "wall ms", "CPU ms", "peak MiB"


class Contender:
    """One program's way to do a piece of work."""

    def __init__(self, name, command, tools=0, environment=None):
        self.name, self.command, self.tools = name, [str(part) for part in command], tools
        self.environment = environment
        self.samples = {WALL: [], CPU: [], PEAK: []}
        self.failure = None

    def median(self, measure):
        return statistics.median(self.samples[measure]) if self.samples[measure] and not self.failure else None


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.python = sys.executable
        self.environment = self.home(folder)
        self.omlx = []  # name, binary, environment: the one that is measured first
        if options.omlx:
            self.omlx.append((NOW, options.omlx, self.environment))
        if options.before:
            # How a file came into the page cache, whether a linker wrote it or it was copied, decides how many of its pages
            # one fault maps, which is a tenth of the peak and of the time: both are copied.
            self.omlx[:] = [(NOW, self.copy(options.omlx, "now"), self.environment)] if options.omlx else []
            self.omlx.append((BEFORE, self.copy(options.before, "before"), self.home(folder / "before")))

    def copy(self, binary, name):
        folder = self.folder / f"{name}-program"
        folder.mkdir()
        return shutil.copy(binary, folder / "omlx")

    def home(self, folder):
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder / "home"), "LANG": "C.UTF-8", "NO_COLOR": "1",
            "XDG_CONFIG_HOME": str(folder / "config"), "XDG_STATE_HOME": str(folder / "state"),
            "XDG_DATA_HOME": str(folder / "data"), "XDG_RUNTIME_DIR": str(folder / "run"),
            "TINY_SERVER_USAGE": str(self.folder / "usage"), "PYTHONDONTWRITEBYTECODE": "1",
        }
        for key in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"):
            os.makedirs(environment[key], mode=0o700)
        return environment

    def ours(self, arguments, tools=0):
        """Every omlx that is measured, doing that."""
        return [
            Contender(name, [binary, *arguments], tools, environment) for name, binary, environment in self.omlx
        ]

    def once(self, contender):
        """One run: appends its figures to the contender, or notes why it failed."""
        usage = self.folder / "usage"
        usage.unlink(missing_ok=True)
        out, err = self.folder / "out", self.folder / "err"
        measure = [self.python, "-I", "-S", str(HERE / "measure.py"), str(out), str(err), *contender.command]
        try:
            done = subprocess.run(
                measure, env=contender.environment or self.environment, cwd=self.folder, capture_output=True, text=True, timeout=LIMIT)
        except subprocess.TimeoutExpired:
            contender.failure = f"no end within {LIMIT} s"
            return
        if done.returncode:
            contender.failure = f"cannot be started: {done.stderr.strip()[-200:]}"
            return
        code, wall, cpu, peak = done.stdout.split()
        listed = len(re.findall(r'"[^"]*\btiny_\d+"|"[^"]*__tiny_\d+"', out.read_text(errors="replace")))
        if code != "0" or listed < contender.tools:
            said = err.read_text(errors="replace").strip()[-200:]
            contender.failure = f"exit {code}, {listed} of {contender.tools} tools: {said}"
            return
        contender.samples[WALL].append(float(wall) * 1000)
        contender.samples[CPU].append((float(cpu) - self.servers_share(usage)) * 1000)
        contender.samples[PEAK].append(int(peak) / 1024)

    def servers_share(self, usage):
        """CPU seconds of the stdio server that wait4 counted in: nothing when it outlived its client, for then it
        became a child of this process and its client never waited for it."""
        if not usage.exists():
            return 0.0
        server, seconds = usage.read_text().split()
        try:
            os.waitpid(int(server), 0)
        except ChildProcessError:
            return float(seconds)
        return 0.0

    def config(self, name, servers):
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps({"mcpServers": servers}))
        return path


def measured(bench, contenders):
    for number in range(bench.options.runs + 1):
        for contender in contenders:
            if contender.failure is None:
                bench.once(contender)
                if number == 0:  # the first round only warms the caches
                    for samples in contender.samples.values():
                        samples.clear()
    return contenders


def listing(bench, config, servers):
    """Everyone's way to connect all servers of a configuration and list their tools."""
    tools = servers * TOOLS_PER_SERVER
    peers = [
        Contender(name, [VENVS / venv / "bin/python", HERE / "peers" / script, config], tools)
        for name, venv, script in (
            ("mcp 1.x SDK", "mcp1", "sdk1_list.py"),
            ("mcp 2.x SDK", "mcp2", "sdk2_list.py"),
            ("fastmcp", "fastmcp", "fastmcp_list.py"),
        )
    ]
    return bench.ours(["mcp", "tools", "--mcp-config", config, "--json"], tools) + peers


def help_work(bench):
    peers = [
        Contender("mcp-stdio", [VENVS / "mcp-stdio/bin/mcp-stdio", "--help"]),
        Contender("fastmcp", [VENVS / "fastmcp/bin/fastmcp", "--help"]),
    ]
    return [("`--help`", bench.ours(["--help"]) + peers, {})]


def status_work(bench, urls):
    """No peer keeps a status: their `--help`, which does less, stands for the cost of only starting them."""
    if not bench.omlx:
        return []
    config = bench.config("status", {f"server{n}": {"url": url} for n, url in enumerate(urls[:4])})
    for omlx in bench.ours(["mcp", "tools", "--mcp-config", config, "--json"]):
        bench.once(omlx)  # so that there is a status
    peer = Contender("mcp-stdio `--help`", [VENVS / "mcp-stdio/bin/mcp-stdio", "--help"])
    contenders = [*bench.ours(["mcp", "status", "--mcp-config", config]), peer]
    return [("`status`, 4 servers", contenders, {WALL: 20, PEAK: 32})]


def stdio_work(bench):
    command = {"command": bench.python, "args": ["-I", "-S", str(HERE / "tiny_server.py"), "--stdio"]}
    command["env"] = {"TINY_SERVER_USAGE": bench.environment["TINY_SERVER_USAGE"]}
    return [("1 stdio server", listing(bench, bench.config("stdio", {"tiny": command}), 1), {})]


def http_work(bench, urls, count, targets):
    config = bench.config(f"http{count}", {f"server{n:02d}": {"url": url} for n, url in enumerate(urls[:count])})
    name = "1 HTTP server" if count == 1 else f"{count} HTTP servers"
    return [(name, listing(bench, config, count), targets)]


def start_tiny_servers(count):
    command = [sys.executable, "-I", "-S", str(HERE / "tiny_server.py"), "--http", str(count)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    urls = [server.stdout.readline().split()[1] for _ in range(count)]
    return server, urls


def number(value, measure):
    return f"{value:.1f} {measure.split()[1]}"


def table(rows):
    """Work, omlx, best peer, ratio, target: one line per measure."""
    lines = ["| work | omlx | best peer | ratio | target |", "|---|---|---|---|---|"]
    for work, contenders, targets in rows:
        ours = next((c for c in contenders if c.name == NOW), None)
        peers = [c for c in contenders if c.name not in (NOW, BEFORE)]
        for measure in (WALL, CPU, PEAK):
            known = [(c.median(measure), c.name) for c in peers if c.median(measure) is not None]
            best, name = min(known) if known else (None, "")
            mine = ours.median(measure) if ours else None
            ratio = f"{best / mine:.1f} ×" if best and mine else ""
            goal = target(measure, targets.get(measure), mine, best)
            lines.append(
                f"| {work}: {measure.split()[0]} | {number(mine, measure) if mine is not None else '–'}"
                f" | {number(best, measure) + ' ' + name if best is not None else '–'} | {ratio} | {goal} |")
    return "\n".join(lines)


def target(measure, wanted, mine, best):
    """The limits are for one kind of machine; for CPU a tenth of the best peer's, on any, is as good."""
    if wanted is None:
        return ""
    text = f"≤ {wanted:g} {measure.split()[1]}"
    met = mine is not None and mine <= wanted
    if measure == CPU:
        text += f" or {TENTH} × less"
        met = met or (mine is not None and best is not None and mine * TENTH <= best)
    return text if mine is None else text + (", met" if met else ", **missed**")


def comparison(rows):
    """Now and before: one line per measure."""
    lines = ["| work | omlx | before | now / before |", "|---|---|---|---|"]
    for work, contenders, _ in rows:
        named = {c.name: c for c in contenders}
        for measure in (WALL, CPU, PEAK):
            now, before = (named[name].median(measure) if name in named else None for name in (NOW, BEFORE))
            if now and before:
                lines.append(
                    f"| {work}: {measure.split()[0]} | {number(now, measure)} | {number(before, measure)}"
                    f" | {now / before:.3f} |")
    return "\n".join(lines)


def details(rows):
    lines = ["| work | contender | wall ms | CPU ms | peak MiB |", "|---|---|---|---|---|"]
    for work, contenders, _ in rows:
        for contender in contenders:
            figures = [contender.median(measure) for measure in (WALL, CPU, PEAK)]
            shown = " | ".join("–" if figure is None else f"{figure:.1f}" for figure in figures)
            lines.append(f"| {work} | {contender.name} | {shown} |")
    return "\n".join(lines)


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} × {model}, Python {platform.python_version()}"


def choose(bench, urls):
    works = {
        "help": lambda: help_work(bench),
        "status": lambda: status_work(bench, urls),
        "stdio": lambda: stdio_work(bench),
        "http1": lambda: http_work(bench, urls, 1, {CPU: 60}),
        "http50": lambda: http_work(bench, urls, 50, {CPU: 300, PEAK: 50}),
    }
    wanted = bench.options.only.split(",") if bench.options.only else list(works)
    if unknown := set(wanted) - set(works):
        sys.exit(f"no such work: {', '.join(sorted(unknown))} (there are {', '.join(works)})")
    for name in wanted:
        for work, contenders, targets in works[name]():
            print(f"measuring {work} …", file=sys.stderr)
            yield work, measured(bench, contenders), targets


def parse():
    parser = argparse.ArgumentParser(description="Measures omlx and its peers on the same work.")
    parser.add_argument("--omlx", help="the release binary; without it only the peers run")
    parser.add_argument("--before", metavar="PATH", help="another release binary of omlx to measure in turn with it")
    parser.add_argument("--runs", type=int, default=7, help="measured runs of each (one more warms the caches)")
    parser.add_argument("--only", default="", metavar="WORK,…", help="of help, status, stdio, http1, http50")
    parser.add_argument("--oauth", action="store_true", help="also counts the requests of a first and a second sign-in, and takes their time")
    parser.add_argument("--json", metavar="FILE", help="writes the medians there as well")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error("--runs must be at least 1")
    for name in ("omlx", "before"):
        if path := getattr(options, name):
            found = shutil.which(path)
            if not found:
                parser.error(f"{path} is not an executable")
            setattr(options, name, os.path.abspath(found))
    return options


def main():
    options = parse()
    subprocess.run([ROOT / "scripts/venvs.sh", *PEER_VENVS], check=True)
    # Servers that outlive their client become children of this process (see servers_share).
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    with tempfile.TemporaryDirectory(prefix="omlx-bench-") as folder:
        bench = Bench(options, Path(folder))
        server, urls = start_tiny_servers(50)
        try:
            rows = list(choose(bench, urls))
        finally:
            server.stdin.close()
            server.wait()
        counts = sign_in.count_all(bench.omlx, ROOT, bench.environment, Path(folder)) if options.oauth else []

    print(f"Medians of {options.runs} runs on {machine()}.\n")
    print(table(rows), end="\n\n")
    if options.before:
        print(comparison(rows), end="\n\n")
    print(details(rows))
    if counts:
        print("\n" + sign_in.table(counts))
    failures = [f"{work}, {c.name}: {c.failure}" for work, contenders, _ in rows for c in contenders if c.failure]
    failures += [f"sign-in, {count.name}: {count.failure}" for count in counts if count.failure]
    if failures:
        print("\nFailed:\n" + "\n".join(f"- {failure}" for failure in failures))
    if options.json:
        figures = [
            {"work": work, "contender": c.name, "failure": c.failure, **{m: c.median(m) for m in (WALL, CPU, PEAK)}}
            for work, contenders, _ in rows for c in contenders
        ]
        Path(options.json).write_text(json.dumps({"machine": machine(), "figures": figures}, indent=1))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
