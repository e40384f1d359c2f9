"""Starts a program as systemd does: sockets bound before it, a datagram socket to be told on, a watchdog.

Usage: supervisor.py HOST_SOCKET PROGRAM ARGUMENT...
Says on standard output: "port N", then each datagram on a line of its own, its lines parted by "|". A line on standard input is a
signal's name for the program; the end of input ends it. Exits as the program does.
"""

import os
import signal
import socket
import sys
import threading

path, command = sys.argv[1], sys.argv[2:]
os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
tcp = socket.create_server(("127.0.0.1", 0))
unix = socket.socket(socket.AF_UNIX)
unix.bind(path)
os.chmod(path, 0o600)
unix.listen()
told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
told.bind("\0omlx-supervisor-%d" % os.getpid())
print("port", tcp.getsockname()[1], flush=True)

child = os.fork()
if child == 0:
    # 3 and 4 may be those of the other one.
    copies = [os.dup(tcp.fileno()), os.dup(unix.fileno())]
    for number, copy in zip((13, 14), copies):
        os.dup2(copy, number)
    os.dup2(13, 3)
    os.dup2(14, 4)
    for number in (3, 4):
        os.set_inheritable(number, True)
    os.closerange(5, 64)
    variables = dict(
        os.environ, LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="omlx:omlx",
        NOTIFY_SOCKET="@omlx-supervisor-%d" % os.getppid(), WATCHDOG_USEC="200000", WATCHDOG_PID=str(os.getpid()))
    os.execve(command[0], command, variables)


def listen():
    while True:
        print(told.recv(4096).decode().replace("\n", "|"), flush=True)


def obey():
    for line in sys.stdin:
        os.kill(child, getattr(signal, line.strip()))
    try:
        os.kill(child, signal.SIGKILL)
    except ProcessLookupError:
        pass


for loop in (listen, obey):
    threading.Thread(target=loop, daemon=True).start()
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print("ended", status, "socket stays" if os.path.exists(path) else "socket gone", flush=True)
os._exit(status if status >= 0 else 128 - status)
