# Measures calls through the gateway beside mcpo, in one run: calls a second and CPU for each call, at 32 in flight, in front of an
# MCP server that answers from memory (memory_server.c). wrk drives.
#
#   python3 Benchmarks/gateway.py --omlx PATH [--seconds N] [--runs N] [--json FILE]
#
# CPU is what the program itself took while wrk ran, as /proc tells it; mcpo's environment is made by scripts/venvs.sh.
import argparse
import json
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
IN_FLIGHT = 32
TARGET = {"calls": 4000, "cpu": 0.35}
TENTH = 10


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


class Contender:
    """A program that serves, and the paths that call a tool."""

    def __init__(self, name, command, port, calls, environment, folder):
        self.name, self.port, self.calls = name, port, calls
        self.headers = {}
        log = open(folder / f"{name}.log", "wb")
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    sys.exit(f"{name} did not start: {(folder / f'{name}.log').read_text()[-2000:]}")
                time.sleep(0.05)

    def measure(self, path, body, seconds, folder):
        script = folder / "call.lua"
        lines = ['wrk.method = "POST"', f"wrk.body = {json.dumps(json.dumps(body))}",
                 'wrk.headers["Content-Type"] = "application/json"']
        lines += [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in self.headers.items()]
        lines += ['done = function(s, l, r)',
                  'local e = s.errors; io.write(string.format("\\nRESULT %d %d %d %d\\n", s.requests, s.duration,',
                  'e.connect + e.read + e.write + e.timeout + e.status, l:percentile(99))) end']
        script.write_text("\n".join(lines))
        url = f"http://127.0.0.1:{self.port}{path}"
        run = lambda length: subprocess.run(
            ["wrk", "-t1", f"-c{IN_FLIGHT}", f"-d{length}s", "-s", str(script), url], capture_output=True, text=True, check=True)
        run(1)
        before = cpu_seconds(self.process.pid)
        out = run(seconds).stdout
        used = cpu_seconds(self.process.pid) - before
        count, micro, errors, late = (int(word) for word in out.split("RESULT ")[1].split())
        if errors or not count:
            sys.exit(f"{self.name} {path}: {errors} of {count} calls failed\n{out}")
        return {"calls": count / micro * 1e6, "cpu": used / count * 1000, "late": late / 1000}

    def end(self):
        self.process.terminate()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser(description="Measures calls through the gateway and through mcpo.")
    parser.add_argument("--omlx", required=True)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: apt-get install wrk")
    subprocess.run([ROOT / "scripts/venvs.sh", "mcpo"], check=True)
    with tempfile.TemporaryDirectory(prefix="omlx-gateway-") as name:
        folder = Path(name)
        subprocess.run(["cc", "-O2", "-o", folder / "memory_server", HERE / "memory_server.c"], check=True)
        server = subprocess.Popen([folder / "memory_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        contenders = []
        try:
            url = server.stdout.readline().split()[1]
            contenders = start(options, folder, url)
            rows = {}
            for _ in range(options.runs):
                for contender in contenders:
                    for title, path, body in contender.calls:
                        figures = contender.measure(path, body, options.seconds, folder)
                        rows.setdefault((contender.name, title), []).append(figures)
            sizes = {c.name: resident(c.process.pid) for c in contenders}
        finally:
            for contender in contenders:
                contender.end()
            server.stdin.close()
            server.wait()
    medians = {key: {m: statistics.median(f[m] for f in values) for m in values[0]} for key, values in rows.items()}
    peer = medians[("mcpo", "POST /TOOL")]
    print(f"Medians of {options.runs} runs of {options.seconds} s, {IN_FLIGHT} in flight, {os.cpu_count()} processors.\n")
    print("| program | call | calls/s | CPU ms a call | 99th percentile ms | memory MiB | target |\n|---|---|---|---|---|---|---|")
    for (program, title), f in medians.items():
        met = f["calls"] >= TARGET["calls"] and f["cpu"] <= TARGET["cpu"]
        met = met or (f["calls"] >= TENTH * peer["calls"] and f["cpu"] * TENTH <= peer["cpu"])
        goal = "" if program == "mcpo" else ("met" if met else "**missed**")
        print(f"| {program} | {title} | {f['calls']:.0f} | {f['cpu']:.3f} | {f['late']:.1f} | {sizes[program]:.0f} | {goal} |")
    if options.json:
        Path(options.json).write_text(json.dumps([{"program": p, "call": t, **f} for (p, t), f in medians.items()], indent=1))


def start(options, folder, url):
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "OMLX_STORE": "memory", "HOME": str(folder / "home")}
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"):
        environment[variable] = str(folder / variable.lower())
    for path in list(environment.values())[3:]:
        os.makedirs(path, mode=0o700)
    config = folder / "mcp.json"
    config.write_text(json.dumps({"max_tool_calls": 64, "mcpServers": {"memory": {"url": url, "type": "streamable-http"}}}))
    call = {"text": "a"}
    port = free_port()
    tool = [("POST /TOOL", "/echo", call)]
    mcpo = Contender("mcpo", [ROOT / ".venvs/mcpo/bin/mcpo", "--host", "127.0.0.1", "--port", str(port), "--type",
                              "streamable-http", "--", url], port, tool, environment, folder)
    port = free_port()
    same = Contender("omlx mcpo", [options.omlx, "mcpo", "--host", "127.0.0.1", "--port", str(port), "--type",
                                   "streamable-http", "--", url], port, tool, environment, folder)
    port = free_port()
    key = secrets.token_hex(32)
    serve = Contender(
        "omlx serve", [options.omlx, "serve", "--port", str(port), "--mcp-config", str(config)], port,
        [("POST /v1/mcp/execute", "/v1/mcp/execute", {"tool_name": "memory__echo", "arguments": call}),
         ("POST /SERVER/TOOL", "/memory/echo", call)], {**environment, "OMLX_API_KEY": key}, folder)
    serve.headers = {"Authorization": "Bearer " + key}
    return [mcpo, same, serve]


if __name__ == "__main__":
    main()
