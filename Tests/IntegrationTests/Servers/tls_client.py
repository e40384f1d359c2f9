"""Speaks TLS to omlx in many ways, by Python's ssl. Arguments: certificate, port, key. Prints one JSON object, a member for each way."""

import json
import os
import socket
import ssl
import sys

certificate, port, key = sys.argv[1], int(sys.argv[2]), sys.argv[3]
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def context(least=None, most=None, protocols=None):
    context = ssl.create_default_context(cafile=certificate)
    if least or most:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    if least:
        context.minimum_version = least
    if most:
        context.maximum_version = most
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


def connect(context):
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), 120), server_hostname="127.0.0.1")


def rest(connection):
    """All there is, to the close_notify: without one Python raises (suppress_ragged_eofs is off)."""
    answer = b""
    while piece := connection.recv(65536):
        answer += piece
    return answer


def version(**limits):
    with connect(context(**limits)) as connection:
        connection.suppress_ragged_eofs = False
        connection.sendall(HEALTH)
        answer = rest(connection)
        return [connection.version(), connection.selected_alpn_protocol(), answer.split(b"\r\n")[0].decode()]


def refused(**limits):
    try:
        connect(context(**limits)).close()
    except ssl.SSLError as error:
        # The newest alerts have no name in every Python.
        return error.reason or "refused"
    return "it was accepted"


def kept():
    """Several requests on one connection, the last of them cut in pieces of one byte."""
    request = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answers = 0
    with connect(context()) as connection:
        for number in range(3):
            for piece in [request] if number < 2 else [request[i:i + 1] for i in range(len(request))]:
                connection.sendall(piece)
            answer = b""
            while not answer.endswith(b"}"):
                answer += connection.recv(65536)
            answers += answer.startswith(b"HTTP/1.1 200 OK")
    return answers


def handshake_by_bytes():
    """The handshake itself in pieces of one byte."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context().wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    with socket.create_connection(("127.0.0.1", port), 120) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            try:
                session.do_handshake()
                break
            except ssl.SSLWantReadError:
                for byte in outgoing.read():
                    connection.sendall(bytes([byte]))
                incoming.write(connection.recv(65536))
        session.write(HEALTH)
        connection.sendall(outgoing.read())
        answer = b""
        while b"200 OK" not in answer:
            incoming.write(connection.recv(65536))
            try:
                answer += session.read(65536)
            except ssl.SSLWantReadError:
                pass
    return "answered"


def streamed():
    """A body of two megabytes in chunks; the tool gives it back."""
    text = os.urandom(1 << 20).hex()
    body = json.dumps({"tool_name": "echo__echo", "arguments": {"text": text}}).encode()
    with connect(context()) as connection:
        connection.sendall(
            f"POST /v1/mcp/execute HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {key}\r\nConnection: close\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for start in range(0, len(body), 10_007):
            piece = body[start:start + 10_007]
            connection.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        answer = rest(connection)
    return text.encode() in answer


def half_closed():
    """The client says that it says nothing more: so does the server, and ends."""
    with connect(context()) as connection:
        plain = connection.unwrap()
        return len(plain.recv(100))


def left(count):
    """Clients that leave at every point of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context().wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = outgoing.read()
    for number in range(count):
        with socket.create_connection(("127.0.0.1", port), 120) as connection:
            connection.sendall(hello[:len(hello) * number // (count - 1)])
    return count


print(json.dumps({
    "newest": version(), "tls12": version(most=ssl.TLSVersion.TLSv1_2, protocols=["h2", "http/1.1"]),
    "tls11": refused(least=ssl.TLSVersion.TLSv1, most=ssl.TLSVersion.TLSv1_1),
    "h2": refused(protocols=["h2"]), "kept": kept(), "bytes": handshake_by_bytes(), "streamed": streamed(),
    "half_closed": half_closed(), "left": left(60)}))
