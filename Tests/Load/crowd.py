"""A crowd in front of omlx serve: clients that send a byte now and then, open event streams, and calls of others meanwhile.

crowd.py crowd PORT KEY PID TOOL [SLOW STREAMS CALLS ROUNDS]
    every call is answered, and the host's descriptors are as many afterwards as before. Prints one JSON object.
crowd.py full PORT KEY STREAMS
    so many streams, and what one request more is told.
"""

import http.client
import json
import os
import socket
import sys
import time


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident(pid):
    """In KiB."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def call(port, key, tool, number, connection=None):
    own = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=240)
    body = json.dumps({"tool_name": tool, "arguments": {"text": f"call {number}"}})
    own.request("POST", "/v1/mcp/execute", body, {"X-API-Key": key, "Content-Type": "application/json"})
    answer = own.getresponse()
    text = answer.read().decode()
    if connection is None:
        own.close()
    return answer.status == 200 and json.loads(text)["content"] == f"call {number}"


def stream(port, key):
    connection = socket.create_connection(("127.0.0.1", port), 240)
    connection.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {key}\r\n\r\n".encode())
    text = b""
    while b"snapshot" not in text:
        piece = connection.recv(65536)
        if not piece:
            sys.exit(f"a stream ended at once: {text!r}")
        text += piece
    return connection


def is_open(connection):
    try:
        return connection.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True


def settled(pid, most):
    """Connections are closed here already: the host has a moment to hear of it."""
    until = time.monotonic() + 240
    while descriptors(pid) > most:
        if time.monotonic() > until:
            sys.exit(f"{descriptors(pid)} descriptors are left, and there were {most}")
        time.sleep(0.05)


def crowd(port, key, pid, tool, slow_count, stream_count, calls):
    slow = [socket.create_connection(("127.0.0.1", port), 240) for _ in range(slow_count)]
    for connection in slow:
        connection.setblocking(False)
        connection.send(b"POST /v1/mcp/execute HTTP/1.1\r\nHost: localhost\r\nX-")
    streams = [stream(port, key) for _ in range(stream_count)]
    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=240)
    answered, times = 0, []
    for number in range(calls):
        begun = time.monotonic()
        answered += call(port, key, tool, number)
        answered += call(port, key, tool, -number, kept)
        times.append((time.monotonic() - begun) * 500)
        # The byte now and then. One whose time is over has been closed meanwhile.
        for connection in slow[number % 10::10]:
            try:
                connection.send(b"a")
            except OSError:
                pass
    alive = sum(is_open(connection) for connection in streams)
    peak = resident(pid)
    for connection in [*slow, *streams, kept]:
        connection.close()
    return answered, alive, peak, round(sorted(times)[len(times) // 2], 1)


def main():
    port, key = int(sys.argv[2]), sys.argv[3]
    if sys.argv[1] == "full":
        streams = [stream(port, key) for _ in range(int(sys.argv[4]))]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=240)
        connection.request("GET", "/health")
        answer = connection.getresponse()
        words = answer.read().decode()
        refused = [answer.status, answer.getheader("Retry-After"), answer.getheader("Connection"), words]
        for open_stream in streams:
            open_stream.close()
        until = time.monotonic() + 240
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=240)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200 or time.monotonic() > until:
                break
        print(json.dumps({"refused": refused, "again": time.monotonic() < until}))
        return
    pid, tool = int(sys.argv[4]), sys.argv[5]
    slow, streams, calls, rounds = map(int, sys.argv[6:10]) if len(sys.argv) > 6 else (1000, 200, 200, 5)
    call(port, key, tool, 0)
    before = descriptors(pid)
    report = {"slow": slow, "streams": streams, "calls": 2 * calls, "answered": [], "alive": [], "peak": [], "after": [],
              "ms": []}
    for _ in range(rounds):
        answered, alive, peak, milliseconds = crowd(port, key, pid, tool, slow, streams, calls)
        settled(pid, before)
        report["answered"].append(answered)
        report["alive"].append(alive)
        report["peak"].append(peak)
        report["ms"].append(milliseconds)
        report["after"].append(resident(pid))
    print(json.dumps(report))


main()
