"""omlx under a real systemd of a user: the units are installed and enabled by omlx itself, then started, told of, reloaded, watched, killed,
stopped, and started by their sockets.

Usage: user_instance.py PROGRAM     (as root, in a mount namespace of its own: see user_instance.sh)
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request

PROGRAM = os.path.abspath(sys.argv[1])
HOME = pathlib.Path(os.environ["HOME"])
PORT = int(sys.argv[2])
SECONDS = 60
CHILD = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked: continue
    answers = {"initialize": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "x", "version": "1"}},
               "tools/list": {"tools": [{"name": "one", "inputSchema": {"type": "object"}}]}}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": answers.get(asked["method"], {})}), flush=True)
"""


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS)
    return done.returncode, done.stdout.strip() + done.stderr.strip()


def shown(name):
    return run("systemctl", "--user", "show", "omlx.service", "--property", name, "--value")[1]


def wait(what, test):
    until = time.monotonic() + SECONDS
    while not test():
        if time.monotonic() > until:
            print(run("systemctl", "--user", "status", "--no-pager", "omlx.service", "omlx.socket")[1])
            sys.exit(f"not seen: {what}")
        time.sleep(0.1)
    print("seen:", what)


def health():
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{PORT}/health", timeout=SECONDS) as answer:
        return json.load(answer)


def configure(*names):
    file = HOME / ".config/omlx/mcp.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    servers = {name: {"command": sys.executable, "args": ["-c", CHILD]} for name in names}
    file.with_suffix(".new").write_text(json.dumps({"servers": servers}))
    file.with_suffix(".new").rename(file)


configure("a")
assert run(PROGRAM, "service", "install", "--port", str(PORT))[0] == 0
# The times of the real units are minutes; theirs are the only lines that differ here.
hurried = HOME / ".config/systemd/user/omlx.service.d/test.conf"
hurried.parent.mkdir(parents=True)
hurried.write_text("[Service]\nWatchdogSec=3\n[Unit]\nStartLimitBurst=20\n")
run("systemctl", "--user", "daemon-reload")

status, said = run(PROGRAM, "service", "enable")
assert status == 0, said
# Type=notify: it is active once it has said READY=1.
wait("active after READY=1", lambda: shown("ActiveState") == "active")
wait("STATUS= of its servers", lambda: shown("StatusText") == "1 of 1 servers connected")
assert health()["mcp"]["tools_available"] == 1
first = shown("MainPID")

configure("a", "b")
wait("the file is gone by", lambda: shown("StatusText") == "2 of 2 servers connected")
assert run("systemctl", "--user", "reload", "omlx.service")[0] == 0
wait("active after a reload", lambda: shown("ActiveState") == "active" and shown("MainPID") == first)

os.kill(int(first), signal.SIGSTOP)
wait("another process after the watchdog", lambda: shown("MainPID") not in (first, "0") and shown("ActiveState") == "active")
second = shown("MainPID")
os.kill(int(second), signal.SIGKILL)
wait("another process after a kill", lambda: shown("MainPID") not in (second, "0") and shown("ActiveState") == "active")
wait("its servers again", lambda: shown("StatusText") == "2 of 2 servers connected")

assert run("systemctl", "--user", "stop", "omlx.service")[0] == 0
assert shown("Result") == "success" and shown("ActiveState") == "inactive", run("systemctl", "--user", "status", "omlx.service")[1]
print("seen: stopped in order")
# The sockets are systemd's and stay: the first request starts it.
assert health()["status"] == "ok"
wait("started by its socket", lambda: shown("ActiveState") == "active")
assert run("systemctl", "--user", "restart", "omlx.service")[0] == 0
assert run(PROGRAM, "mcp", "call", "a__one")[0] == 0
print("seen: a command through the Unix socket after a restart")
assert run(PROGRAM, "service", "uninstall")[0] == 0
wait("nothing of it", lambda: shown("ActiveState") == "inactive" and not (HOME / ".config/systemd/user/omlx.socket").exists())
