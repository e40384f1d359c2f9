# An MCP server that costs next to nothing, so that a measurement shows the client's cost and not the server's.
#
#   tiny_server.py --http N    N servers in one process on N free ports; prints one `READY URL` line per server.
#                              HTTP/1.1, keep-alive, JSON answers from memory, no sessions, 405 on GET. Ends with stdin.
#   tiny_server.py --streams N the same with sessions, and a GET is answered by a stream that stays open and says nothing.
#   tiny_server.py --stdio     one server on stdin and stdout. Writes `PID CPU-SECONDS` to the file that
#                              TINY_SERVER_USAGE names, so that its cost can be taken off its client's.
#
# Both speak the `initialize` era and list the same TOOLS tools, named tiny_0, tiny_1, …
import json
import os
import sys

TOOLS = 10

LISTING = {
    "tools": [
        {
            "name": f"tiny_{number}",
            "description": "Returns the text it is given. " * 4,
            "inputSchema": {
                "type": "object",
                "properties": {"text": {"type": "string", "description": "What to return."}},
                "required": ["text"],
            },
        }
        for number in range(TOOLS)
    ]
}
INITIALIZED = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "tiny", "version": "1"},
}
RESULTS = {"initialize": INITIALIZED, "tools/list": LISTING, "ping": {}}
RESULTS = {method: json.dumps(result) for method, result in RESULTS.items()}
KNOWN_VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")


def answer(message):
    """The JSON text that answers a message; None for a notification."""
    if "id" not in message:
        return None
    identifier, method = json.dumps(message["id"]), message.get("method")
    result = RESULTS.get(method)
    if method == "initialize":
        asked = message["params"].get("protocolVersion")
        if asked in KNOWN_VERSIONS:
            result = json.dumps({**INITIALIZED, "protocolVersion": asked})
    elif method == "tools/call":
        text = message["params"].get("arguments", {}).get("text", "")
        result = json.dumps({"content": [{"type": "text", "text": text}], "isError": False})
    if result is None:
        return f'{{"jsonrpc":"2.0","id":{identifier},"error":{{"code":-32601,"message":"Method not found"}}}}'
    return f'{{"jsonrpc":"2.0","id":{identifier},"result":{result}}}'


def response(status, body=b"", kind=""):
    headers = f"content-type: {kind}\r\n" if kind else ""
    return f"HTTP/1.1 {status}\r\n{headers}content-length: {len(body)}\r\n\r\n".encode() + body


STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def respond(head, body, streams=False):
    if streams and head.startswith(b"GET "):
        return STREAM
    if not head.startswith(b"POST "):
        return response("200 OK" if head.startswith(b"DELETE ") else "405 Method Not Allowed")
    try:
        text = answer(json.loads(body))
    except (ValueError, KeyError, TypeError, AttributeError):
        return response("400 Bad Request")
    if text is None:
        return response("202 Accepted")
    session = "\r\nmcp-session-id: tiny" if streams and b'"initialize"' in body else ""
    return response("200 OK", text.encode(), "application/json" + session)


def content_length(head):
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def serve_http(count, streams=False):
    import asyncio
    import threading

    class Connection(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport, self.buffer = transport, b""

        def data_received(self, data):
            self.buffer += data
            while True:
                head, separator, rest = self.buffer.partition(b"\r\n\r\n")
                if not separator:
                    return
                length = content_length(head)
                if len(rest) < length:
                    return
                self.buffer = rest[length:]
                self.transport.write(respond(head, rest[:length], streams))

    async def run():
        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(Connection, "127.0.0.1", 0) for _ in range(count)]
        for server in servers:
            print(f"READY http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp")
        sys.stdout.flush()
        await loop.create_future()

    def end_with_stdin():
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=end_with_stdin, daemon=True).start()
    asyncio.run(run())


def serve_stdio():
    import resource

    path = os.environ.get("TINY_SERVER_USAGE")
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) if path else None

    def note_usage():
        if file is not None:
            usage = resource.getrusage(resource.RUSAGE_SELF)
            os.pwrite(file, f"{os.getpid()} {usage.ru_utime + usage.ru_stime:.6f}\n".encode(), 0)

    for line in sys.stdin.buffer:
        text = answer(json.loads(line))
        note_usage()
        if text is not None:
            os.write(1, text.encode() + b"\n")
    note_usage()
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--http"] and len(sys.argv) == 3:
        serve_http(int(sys.argv[2]))
    elif sys.argv[1:2] == ["--streams"] and len(sys.argv) == 3:
        serve_http(int(sys.argv[2]), True)
    elif sys.argv[1:] == ["--stdio"]:
        serve_stdio()
    else:
        sys.exit("usage: tiny_server.py --http N | --streams N | --stdio")
