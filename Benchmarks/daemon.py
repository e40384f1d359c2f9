# Measures the host that stays up: a command through it and without it, its memory and CPU beside 50 idle servers whose streams are open,
# and its memory after 10,000 and after many more calls.
#
#   python3 Benchmarks/daemon.py --omlx PATH [--commands N] [--idle SECONDS] [--calls N] [--json FILE]
#
# wrk drives the calls (memory_server.c behind). Wall times say how busy the machine was: CPU of the command stands beside them.
import argparse
import json
import os
import resource
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from gateway import Contender, HERE, cpu_seconds, free_port, resident

TARGET = {"command": 15.0, "idle": 60.0, "growth": 1.1}
SERVERS = 50
FIRST = 10_000


def environment(folder):
    variables = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "OMLX_STORE": "", "HOME": str(folder / "home")}
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"):
        variables[name] = str(folder / name.lower())
    for path in list(variables.values())[3:]:
        os.makedirs(path, mode=0o700)
    return variables


def serve(options, folder, servers, name):
    variables = environment(folder / name)
    file = folder / name / "mcp.json"
    file.write_text(json.dumps({"max_tool_calls": 64, "mcpServers": servers}))
    variables["OMLX_MCP_CONFIG"] = str(file)
    port, key = free_port(), secrets.token_hex(32)
    host = Contender(name, [options.omlx, "serve", "--port", str(port)], port, [],
                     {**variables, "OMLX_API_KEY": key}, folder)
    host.headers = {"Authorization": "Bearer " + key}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + 120
    while json.load(opener.open(f"http://127.0.0.1:{port}/health"))["mcp"]["servers_connected"] < len(servers):
        if time.monotonic() > until:
            sys.exit("not all servers were connected")
        time.sleep(0.1)
    return host, variables


def commands(options, variables, words):
    """Milliseconds from start to end, and of CPU, of each run."""
    wall, cpu = [], []
    for _ in range(options.commands):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run([options.omlx, "mcp", "call", "memory__echo", "text=a", *words], env=variables, check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wall.append((time.monotonic() - start) * 1000)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000)
    return {"wall": statistics.median(wall), "least": min(wall), "cpu": statistics.median(cpu)}


def idle(options, folder):
    process = subprocess.Popen([sys.executable, HERE / "tiny_server.py", "--streams", str(SERVERS)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        urls = [process.stdout.readline().split()[1] for _ in range(SERVERS)]
        host, _ = serve(options, folder, {f"s{n}": {"url": url} for n, url in enumerate(urls)}, "idle")
        time.sleep(5)
        before = cpu_seconds(host.process.pid)
        time.sleep(options.idle)
        used = cpu_seconds(host.process.pid) - before
        figures = {"memory": resident(host.process.pid), "cpu": used * 1000}
        host.end()
        return figures
    finally:
        process.stdin.close()
        process.wait()


def main():
    parser = argparse.ArgumentParser(description="Measures the host that stays up.")
    parser.add_argument("--omlx", required=True)
    parser.add_argument("--commands", type=int, default=40)
    parser.add_argument("--idle", type=int, default=10)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    options.omlx = os.path.abspath(options.omlx)
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: apt-get install wrk")
    rows = []
    with tempfile.TemporaryDirectory(prefix="omlx-daemon-") as name:
        folder = Path(name)
        subprocess.run(["cc", "-O2", "-o", folder / "memory_server", HERE / "memory_server.c"], check=True)
        server = subprocess.Popen([folder / "memory_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        url = server.stdout.readline().split()[1]
        host, variables = serve(options, folder, {"memory": {"url": url}}, "calls")
        try:
            through = commands(options, variables, [])
            alone = commands(options, variables, ["--no-daemon"])
            for title, figures in (("a command through omlx serve", through), ("the same without it", alone)):
                goal = "" if figures is alone else f"≤ {TARGET['command']:.0f} ms: " + (
                    "met" if figures["wall"] <= TARGET["command"] else "**missed**")
                rows.append((title, f"{figures['wall']:.1f} ms (least {figures['least']:.1f}), {figures['cpu']:.1f} ms CPU", goal))
            body = {"tool_name": "memory__echo", "arguments": {"text": "a"}}
            count, sizes = 0, {}
            for goal in (FIRST, options.calls):
                while count < goal:
                    took = host.measure("/v1/mcp/execute", body, 2 if goal == FIRST else 20, folder)
                    # A second of warming up was measured by none.
                    count += int(took["calls"] * (3 if goal == FIRST else 21))
                sizes[goal] = (count, resident(host.process.pid))
            (few, early), (many, late) = sizes.values()
            rows.append((f"memory after {few:,} and {many:,} calls", f"{early:.1f} and {late:.1f} MiB, {late / early:.3f}",
                         "≤ 1.1: " + ("met" if late <= early * TARGET["growth"] else "**missed**")))
        finally:
            host.end()
            server.stdin.close()
            server.wait()
        figures = idle(options, folder)
        rows.append((f"{SERVERS} idle servers with streams", f"{figures['memory']:.1f} MiB, {figures['cpu']:.0f} ms CPU in {options.idle} s",
                     f"≤ {TARGET['idle']:.0f} MiB: " + ("met" if figures["memory"] <= TARGET["idle"] else "**missed**")))
    print(f"Load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors.\n\n| what | measured | target |\n|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
