# What the credential stores take: the first read of a process, further reads, writes. The keyring is a real GNOME Keyring on
# a bus of its own, Vault the tests' stand-in on this machine.
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 7
# Of the figures that are wanted, in milliseconds.
TARGETS = {
    ("encrypted files, 1 record", "read"): 1,
    ("encrypted files, 10,000 records", "read"): 5,
    ("encrypted files, 10,000 records", "write"): 20,
    ("GNOME Keyring, 1 record", "first"): 60,
    ("GNOME Keyring, 1 record", "read"): 5,
}


def probe(binary, place, records, environment):
    """Medians over some processes; the records are there from the first one on."""
    samples = []
    for _ in range(RUNS if records < 100 else 1):
        run = subprocess.run([binary, "measure", place, str(records)], env=environment, capture_output=True, text=True)
        if run.returncode or not run.stdout.startswith("{"):
            sys.exit(f"{place}: {run.stdout}{run.stderr}")
        samples.append(json.loads(run.stdout.splitlines()[0]))
    # The first process has made the store: its first read found nothing.
    later = samples[1:] or samples
    return {name: sorted(sample[name] for sample in later)[len(later) // 2] for name in ("first", "read", "write")}


def files(binary, folder):
    plain = {"PATH": os.environ["PATH"], "HOME": folder}
    yield "encrypted files, 1 record", probe(binary, folder + "/one", 1, plain)
    figures = probe(binary, folder + "/many", 10_000, plain)
    figures["first"] = None
    yield "encrypted files, 10,000 records", figures


BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=%s/bus</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"""


def keyring(binary, folder):
    environment = {
        "PATH": os.environ["PATH"], "HOME": folder, "XDG_RUNTIME_DIR": folder + "/run", "XDG_DATA_HOME": folder + "/data",
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}/bus",
    }
    for name in ("run", "data"):
        os.mkdir(f"{folder}/{name}", 0o700)
    Path(folder + "/bus.conf").write_text(BUS % folder)
    bus = subprocess.Popen(["dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork", "--print-address"],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True)
    bus.stdout.readline()
    daemon = subprocess.Popen(["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=environment, text=True)
    daemon.stdin.write("the password")
    daemon.stdin.close()
    try:
        subprocess.run(["gdbus", "wait", "--session", "--timeout", "60", "org.freedesktop.secrets"], env=environment,
                       check=True)
        yield "GNOME Keyring, 1 record", probe(binary, f"keyring:{folder}/locks", 1, environment)
    finally:
        for process in (daemon, bus):
            process.terminate()
            process.wait()


def vault(binary, folder):
    server = subprocess.Popen([sys.executable, "-B", str(ROOT / "Tests/Vault/vault_server.py")], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    address = server.stdout.readline().strip()
    try:
        place = f"vault:{folder}/locks:secret:{address}"
        yield "Vault (stand-in), 1 record", probe(binary, place, 1, {"PATH": os.environ["PATH"], "HOME": folder})
    finally:
        server.stdin.close()
        server.wait()


def shown(store, measure, value):
    if value is None:
        return "–"
    wanted = TARGETS.get((store, measure))
    goal = "" if wanted is None else f" (≤ {wanted}, {'met' if value <= wanted else '**missed**'})"
    return f"{value:.2f}{goal}"


def main(binary):
    print("| store | first read of a process, ms | a further read, ms | a write, ms |\n|---|---|---|---|")
    for work in (files, keyring, vault):
        with tempfile.TemporaryDirectory(prefix="omlx-bench-") as folder:
            for store, figures in work(binary, folder):
                cells = (shown(store, measure, figures[measure]) for measure in ("first", "read", "write"))
                print(f"| {store} | " + " | ".join(cells) + " |", flush=True)


main(os.path.abspath(sys.argv[1]))
