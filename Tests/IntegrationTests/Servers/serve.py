# What the test servers have in common: their options, their tools, and how they are served over HTTP.
#
# Each program beside this one starts a real MCP server made by a published SDK. Over HTTP it prints exactly one line
# on stdout, `READY http://127.0.0.1:PORT/PATH`, when it accepts connections; everything else goes to stderr.
import argparse
import asyncio
import json
import os
import signal
import socket
import sys
import threading

import uvicorn

# With --catalogue: a tool that says that a resource is another one now, as are the lists.
CATALOGUE_TOOLS = [("touch", "Says that a resource changed.", {"uri": "string"})]


class ToolFailed(Exception):
    """What the tool `fail` raises."""


# The tools of every server: name, description, parameters (name, JSON type).
TOOLS = [
    ("echo", "Returns the text it is given.", {"text": "string"}),
    ("add", "Adds two numbers.", {"a": "number", "b": "number"}),
    ("whoami", "Says whose access token the request carried: `anonymous` without one.", {}),
    ("fail", "Always fails.", {}),
    ("slow", "Answers after so many seconds.", {"seconds": "number"}),
    ("environment", "Returns a variable of the server's environment, or nothing.", {"name": "string"}),
]

# With --catalogue: resources (URI, name, type, what is in it), templates, prompts (name, description, arguments).
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c636060606000000005"
    "0001a5f645400000000049454e44ae426082")
RESOURCES = [
    ("memo://notes/today", "today", "text/plain", "buy bread\nå"),
    ("memo://notes/later", "later", "text/markdown", "# Later"),
    ("memo://picture", "picture", "image/png", PICTURE),
]
TEMPLATES = [("memo://days/{day}", "day", "A day's notes."), ("memo://search{?q}", "search", "What is found.")]
PROMPTS = [
    ("greet", "Greets a person.", [("who", True), ("tone", False)]),
    ("plan", "Plans a day.", []),
]
WORDS = ["formal", "friendly", "frank"]


class NoResource(Exception):
    """What reading an unknown URI raises."""


class NoPrompt(Exception):
    """What an unknown prompt, or one without what it wants, raises."""


def read_resource(uri):
    """The type and what is in a resource: a text or bytes."""
    for known, _, kind, contents in RESOURCES:
        if known == uri:
            return kind, contents
    for prefix in ("memo://days/", "memo://search?q="):
        if uri.startswith(prefix):
            return "text/plain", f"about {uri.removeprefix(prefix)}"
    raise NoResource(f"Resource not found: {uri}")


def get_prompt(name, arguments):
    """The text of a prompt's one message."""
    if name == "greet":
        if "who" not in arguments:
            raise NoPrompt("Missing required argument: who")
        return f"Say hello to {arguments['who']}, {arguments.get('tone', 'as you like')}."
    if name == "plan":
        return "Plan my day."
    raise NoPrompt(f"Unknown prompt: {name}")


def complete(argument, value):
    return [word for word in WORDS if word.startswith(value)] if argument == "tone" else []


# What `--questions` adds: tools that ask the person meanwhile, and what they ask.
QUESTIONS = [
    ("ask", "Asks the person some things, and says what they answered.", {}),
    ("ask_aside", "Asks the same, but not on the stream of the call.", {}),
    ("visit", "Asks the person to open a page, and says whether they agreed.", {}),
]
MESSAGE = "Who are you?\nIt is for the \x1b[31mguest book."
FORM = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "title": "Your name", "minLength": 2},
        "colour": {"type": "string", "enum": ["red", "green"], "default": "green"},
        "count": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
        "sure": {"type": "boolean", "default": True},
        "mail": {"type": "string", "format": "email"},
    },
    "required": ["name"],
}
PAGE = "https://pay.example/checkout?order=17&next=%2Fdone"


def answered(result):
    """What was answered, as text."""
    return f"{result.action} {json.dumps(result.content, sort_keys=True)}"


def extra_tool_names(options):
    return [f"extra_{number:03d}" for number in range(options.extra_tools)]


def tool_schemas(options):
    """(name, description, input schema) of every tool, in the order they are listed."""
    if options.no_tools:
        return
    more = (CATALOGUE_TOOLS if options.catalogue else []) + (QUESTIONS if options.questions else [])
    for name, description, parameters in TOOLS + more:
        properties = {key: {"type": kind} for key, kind in parameters.items()}
        yield name, description, {"type": "object", "properties": properties, "required": list(parameters)}
    for name in extra_tool_names(options):
        yield name, "Returns its own name.", {"type": "object", "properties": {}}


async def call_tool(name, arguments):
    """The text a tool answers with, for the SDKs whose tools are not functions."""
    if name == "echo":
        return arguments["text"]
    if name == "add":
        return str(arguments["a"] + arguments["b"])
    if name == "whoami":
        return "anonymous"
    if name == "fail":
        raise ToolFailed("this tool always fails")
    if name == "slow":
        await asyncio.sleep(arguments["seconds"])
        return f"slept {arguments['seconds']} s"
    if name == "environment":
        return os.environ.get(arguments["name"], "")
    if name.startswith("extra_"):
        return name
    raise ToolFailed(f"there is no tool {name}")


def page(items, cursor, size):
    """One page of a list and the cursor of the next. A cursor is an offset, opaque to the client."""
    start = int(cursor.removeprefix("offset-")) if cursor else 0
    if not size:
        return items[start:], None
    end = start + size
    return items[start:end], f"offset-{end}" if end < len(items) else None


def parser(description, transports=("stdio", "http", "sse")):
    """The options all programs share."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--transport", choices=transports, default=transports[0])
    options.add_argument("--port", type=int, default=0, help="0: a free one")
    options.add_argument("--stateless", action="store_true", help="streamable HTTP without sessions")
    options.add_argument("--json", action="store_true", help="streamable HTTP answers JSON, not an event stream")
    options.add_argument("--extra-tools", type=int, default=0, metavar="N", help="tools more than the usual ones")
    options.add_argument("--catalogue", action="store_true", help="resources and prompts, too")
    options.add_argument("--no-tools", action="store_true", help="no tools at all")
    options.add_argument("--page-size", type=int, default=0, metavar="N", help="tools per page; 0: all on one page")
    options.add_argument("--questions", action="store_true", help="tools that ask the person something, too")
    options.add_argument("--request-log", metavar="FILE", help="appends `METHOD PATH STATUS` for every HTTP request")
    options.add_argument("--require-header", metavar="NAME=VALUE", help="answers 401 to a request without this header")
    options.add_argument("--tls", metavar="CERTIFICATE:KEY", help="https, with these PEM files")
    options.add_argument("--until-stdin-closes", action="store_true", help="ends when stdin does (not with stdio)")
    return options


class RequestLog:
    """ASGI middleware that notes each request as its answer begins, so the line is there before the client has it.
    The query is left out: it may hold a code. A request that was never answered has the status `-`."""

    def __init__(self, app, path):
        self.app = app
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        noted = False

        def note(status):
            nonlocal noted
            if not noted:
                noted = True
                os.write(self.file, f"{scope['method']} {scope['path']} {status}\n".encode())

        async def noting_send(message):
            if message["type"] == "http.response.start":
                note(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, noting_send)
        finally:
            note("-")


class NotedWSGI:
    """The same for a WSGI application, whose requests are noted in the same file."""

    def __init__(self, app, path):
        self.app = app
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if path else None

    def __call__(self, environ, start_response):
        def noting_start(status, headers, *more):
            if self.file is not None:
                line = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {status.split()[0]}\n"
                os.write(self.file, line.encode())
            return start_response(status, headers, *more)

        return self.app(environ, noting_start)


class RequireHeader:
    """ASGI middleware: a server with a static token, and with no OAuth to offer."""

    def __init__(self, app, requirement):
        self.app = app
        name, _, value = requirement.partition("=")
        self.name, self.value = name.strip().lower().encode(), value.encode()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or (self.name, self.value) in scope["headers"]:
            return await self.app(scope, receive, send)
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"12")]
        if self.name == b"authorization":
            headers.append((b"www-authenticate", b"Bearer"))
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": b"unauthorized"})


class Server(uvicorn.Server):
    """uvicorn that says when it is ready and, told to stop, does so at once, open event streams or not."""

    ready_url = ""

    async def startup(self, sockets=None):
        await super().startup(sockets)
        if not self.started:
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: os._exit(0))
        print(f"READY {self.ready_url}", flush=True)


def bind(port, tls=None):
    """A listening place on loopback, bound before the server is made: its URL is part of OAuth metadata."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener, f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"


def serve_beside(make_app, options):
    """Serves a Flask application on a port of its own, each request in a thread of its own; its origin and it.

    make_app gets the origin, which is part of its metadata."""
    import logging

    import werkzeug.serving

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    listener, origin = bind(0)
    listener.listen(128)
    app = make_app(origin)
    app.wsgi_app = NotedWSGI(app.wsgi_app, options.request_log)
    server = werkzeug.serving.make_server(
        "127.0.0.1", listener.getsockname()[1], app, threaded=True, fd=listener.fileno())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.bound_before = listener  # Open as long as the server is.
    return origin, app


def end_with_stdin():
    while os.read(0, 65536):
        pass
    os._exit(0)


def serve(app, options, listener, path):
    """Serves an ASGI application on a bound socket until the process is told to stop."""
    if options.require_header:
        app = RequireHeader(app, options.require_header)
    if options.request_log:
        app = RequestLog(app, options.request_log)
    if options.until_stdin_closes:
        threading.Thread(target=end_with_stdin, daemon=True).start()
    certificate, _, key = (options.tls or "").partition(":")
    tls = {"ssl_certfile": certificate, "ssl_keyfile": key} if options.tls else {}
    server = Server(uvicorn.Config(app, log_level="warning", access_log=False, ws="none", **tls))
    server.ready_url = f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}{path}"
    asyncio.run(server.serve(sockets=[listener]))
    sys.exit(0 if server.started else 1)
