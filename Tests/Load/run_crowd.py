"""The full form of the crowd: run_crowd.py OMLX. Ends with 1 where a call was not answered, a stream ended, or memory grew on."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SERVER = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    result = {"tools": [{"name": "echo", "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}}}]}
    if message["method"] == "initialize":
        result = {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "x", "version": "1"}}
    if message["method"] == "tools/call":
        result = {"content": [{"type": "text", "text": message["params"]["arguments"]["text"]}]}
    if "id" in message:
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""


def main():
    omlx = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "run").mkdir(mode=0o700)
        configuration = home / "mcp.json"
        configuration.write_text(
            json.dumps({"servers": {"echo": {"command": sys.executable, "args": ["-c", SERVER]}}}))
        configuration.chmod(0o600)
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "XDG_RUNTIME_DIR": str(home / "run"),
                       "OMLX_MCP_CONFIG": str(configuration)}
        host = subprocess.Popen([omlx, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True, env=environment)
        try:
            port = re.search(r"http://127\.0\.0\.1:(\d+)", host.stdout.readline())[1]
            key = subprocess.run([omlx, "key", "show"], env=environment, capture_output=True, text=True).stdout.strip()
            subprocess.run([omlx, "mcp", "tools"], env=environment, capture_output=True, check=True)
            words = [sys.executable, "-B", str(Path(__file__).with_name("crowd.py")), "crowd", port, key, str(host.pid),
                     "echo__echo"]
            run = subprocess.run(words, capture_output=True, text=True)
        finally:
            host.terminate()
            host.wait()
    if run.returncode:
        sys.exit(run.stderr)
    report = json.loads(run.stdout)
    print(f"{report['slow']} slow clients, {report['streams']} event streams, {report['calls']} calls, five times:")
    for name, unit in (("answered", "calls"), ("alive", "streams"), ("ms", "ms a call (median)"), ("peak", "KiB meanwhile"),
                       ("after", "KiB afterwards")):
        print(f"  {report[name]} {unit}")
    # The first crowd makes what the later ones use again.
    grew = report["after"][-1] > report["after"][1] * 1.1
    if grew or set(report["answered"]) != {report["calls"]} or set(report["alive"]) != {report["streams"]}:
        sys.exit("not as it should be")


main()
