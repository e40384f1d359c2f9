"""A stand-in for HashiCorp Vault and OpenBao, written from the public description of their HTTP API.

Serves the KV secrets engine, versions 1 and 2, tokens with policies, leases and renewal, namespaces, and seals, in memory,
and is strict where the real one is: check-and-set, paths, methods, capabilities. It is a stand-in: it was never compared
with a real server. Prints `http(s)://127.0.0.1:PORT` when it listens, and ends when its standard input does.

    vault_server.py [--tls CERT KEY]

Mounts: `secret` (KV v2), `kv1` (KV v1), `team/kv` (KV v2), `pki` (no KV). The root token is `root`. Paths below `/test/`
are the tests' own and belong to no Vault: POST /test/token, /test/revoke, /test/seal, /test/unseal, /test/next, /test/age, GET /test/log,
/test/dump.
"""

import datetime
import http.server
import json
import os
import ssl
import sys
import threading
import time
import urllib.parse


class Refused(Exception):
    def __init__(self, status, *errors, body=None):
        self.status = status
        self.body = body if body is not None else {"errors": list(errors)}


def timestamp(moment):
    text = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return "%s.%09dZ" % (text, int(moment % 1 * 1e9))


class Entry:
    """What KV v2 keeps of one path."""

    def __init__(self):
        self.max_versions = 0
        self.cas_required = False
        self.current = 0
        self.versions = {}

    def limit(self, mount):
        return self.max_versions or mount["max_versions"] or 10

    def write(self, data, moment, mount):
        self.current += 1
        self.versions[self.current] = {"data": data, "created": moment, "deleted": None, "destroyed": False}
        for number in [n for n in self.versions if n <= self.current - self.limit(mount)]:
            del self.versions[number]

    def metadata(self, number):
        version = self.versions[number]
        return {
            "created_time": timestamp(version["created"]),
            "custom_metadata": None,
            "deletion_time": timestamp(version["deleted"]) if version["deleted"] else "",
            "destroyed": version["destroyed"],
            "version": number,
        }


class Vault:
    def __init__(self):
        self.lock = threading.RLock()
        self.sealed = False
        self.mounts = {
            "secret": {"type": "kv", "version": 2, "max_versions": 0, "cas_required": False},
            "kv1": {"type": "kv", "version": 1},
            "team/kv": {"type": "kv", "version": 2, "max_versions": 0, "cas_required": False},
            "pki": {"type": "pki"},
        }
        self.spaces = {}
        self.namespaces = {"", "team-a"}
        self.tokens = {"root": {"policies": ["root"], "ends": None, "whole": 0, "renewable": False, "namespace": ""}}
        self.policies = {}
        self.log = []
        self.next = []

    # The tests' own part.

    def test(self, method, path, body):
        if path == "token":
            self.policies[body["id"]] = body.get("paths")
            ttl = body.get("ttl", 0)
            self.tokens[body["id"]] = {
                "policies": [body["id"]] if body.get("paths") is not None else ["root"],
                "ends": time.time() + ttl if ttl else None,
                "whole": body.get("whole", ttl),
                "renewable": body.get("renewable", False),
                "namespace": body.get("namespace", ""),
            }
        elif path == "seal":
            self.sealed = True
        elif path == "unseal":
            self.sealed = False
        elif path == "next":
            # What the next requests that match are answered with: {"method", "path", "status", "body", "after", "late", "times"}.
            self.next.append(dict(body))
        elif path == "revoke":
            self.tokens.pop(body["id"], None)
        elif path == "age":
            # Makes the present version of entries older than it is.
            for (_, mount), entries in self.spaces.items():
                for name, entry in entries.items():
                    if isinstance(entry, Entry) and name.startswith(body["path"]) and entry.current:
                        entry.versions[entry.current]["created"] -= body["seconds"]
        elif path == "log":
            return {"log": self.log}
        elif path == "dump":
            return {"data": self.dump()}
        else:
            raise Refused(404)
        return {}

    def dump(self):
        found = {}
        for (space, mount), entries in self.spaces.items():
            for path, entry in entries.items():
                name = "/".join(part for part in (space, mount, path) if part)
                if isinstance(entry, Entry):
                    found[name] = {str(n): v["data"] for n, v in entry.versions.items()}
                else:
                    found[name] = entry
        return found

    # Vault's part.

    def token(self, name, space):
        token = self.tokens.get(name)
        if token is None or (token["ends"] is not None and token["ends"] <= time.time()):
            raise Refused(403, "permission denied")
        # A token of a namespace is good there and below it, no further up.
        if token["namespace"] and token["namespace"] != space:
            raise Refused(403, "permission denied")
        return token

    def allow(self, token, capability, path):
        for policy in token["policies"]:
            if policy == "root":
                return
            best = None
            for pattern, capabilities in (self.policies.get(policy) or {}).items():
                matches = path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
                if matches and (best is None or len(pattern) > len(best[0])):
                    best = (pattern, capabilities)
            if best and capability in best[1] and "deny" not in best[1]:
                return
        raise Refused(403, "1 error occurred:\n\t* permission denied\n\n")

    def has_access(self, token, mount):
        if "root" in token["policies"]:
            return True
        patterns = [p for policy in token["policies"] for p in (self.policies.get(policy) or {})]
        return any(p.startswith(mount + "/") for p in patterns)

    def answer(self, method, path, query, headers, body):
        if self.sealed:
            raise Refused(503, "Vault is sealed")
        space = headers.get("X-Vault-Namespace", "").strip("/")
        if space not in self.namespaces:
            raise Refused(404, body={"errors": ["no handler for route \"%s\"" % path]})
        name = headers.get("X-Vault-Token")
        if not name:
            raise Refused(400, "missing client token")
        token = self.token(name, space)
        if path == "auth/token/lookup-self":
            return self.lookup(name, token)
        if path == "auth/token/renew-self":
            return self.renew(token, method)
        if path.startswith("sys/internal/ui/mounts/"):
            return self.preflight(token, path[len("sys/internal/ui/mounts/"):], method)
        for mount in sorted(self.mounts, key=len, reverse=True):
            if path.startswith(mount + "/"):
                engine = self.mounts[mount]
                if engine["type"] != "kv":
                    raise Refused(404, body={"errors": []})
                entries = self.spaces.setdefault((space, mount), {})
                rest = path[len(mount) + 1:]
                if method == "GET" and query.get("list") == ["true"]:
                    method = "LIST"
                serve = self.version2 if engine["version"] == 2 else self.version1
                return serve(method, mount, engine, entries, rest, query, token, body)
        raise Refused(404, body={"errors": ["no handler for route \"%s\". route entry not found." % path]})

    def lookup(self, name, token):
        left = 0 if token["ends"] is None else max(0, int(token["ends"] - time.time()))
        return 200, {
            "data": {
                "accessor": "accessor-%d" % len(name),
                "creation_ttl": token["whole"],
                "expire_time": timestamp(token["ends"]) if token["ends"] else None,
                "id": name,
                "policies": token["policies"],
                "renewable": token["renewable"],
                "ttl": left,
                "type": "service",
            }
        }

    def renew(self, token, method):
        if method not in ("POST", "PUT"):
            raise Refused(405, "unsupported operation")
        if not token["renewable"]:
            raise Refused(400, "lease is not renewable")
        token["ends"] = time.time() + token["whole"]
        return 200, {
            "auth": {"client_token": "hidden", "lease_duration": token["whole"], "renewable": True, "policies": []}
        }

    def preflight(self, token, path, method):
        if method != "GET":
            raise Refused(405, "unsupported operation")
        for mount in sorted(self.mounts, key=len, reverse=True):
            if (path + "/").startswith(mount + "/"):
                if not self.has_access(token, mount):
                    break
                engine = self.mounts[mount]
                options = {"version": str(engine["version"])} if "version" in engine else None
                return 200, {"data": {"path": mount + "/", "type": engine["type"], "options": options}}
        raise Refused(403, "preflight capability check returned 403, please ensure client's policies grant access to path "
                      "\"%s/\"" % path)

    @staticmethod
    def capability(method, exists):
        names = {"GET": "read", "LIST": "list", "DELETE": "delete"}
        return names.get(method) or ("update" if exists else "create")

    def version1(self, method, mount, engine, entries, path, query, token, body):
        self.allow(token, self.capability(method, path in entries), mount + "/" + path)
        if method == "GET":
            if path not in entries:
                raise Refused(404, body={"errors": []})
            return 200, {"data": entries[path], "lease_duration": 2764800}
        if method == "LIST":
            return self.names(entries, path)
        if method == "DELETE":
            entries.pop(path, None)
            return 204, None
        if method in ("POST", "PUT"):
            if not isinstance(body, dict) or not body:
                raise Refused(400, "missing data fields")
            entries[path] = body
            return 204, None
        raise Refused(405, "unsupported operation")

    @staticmethod
    def names(entries, folder):
        prefix = folder.rstrip("/") + "/" if folder.rstrip("/") else ""
        names = set()
        for path in entries:
            if path.startswith(prefix):
                rest = path[len(prefix):]
                names.add(rest.split("/")[0] + ("/" if "/" in rest else ""))
        if not names:
            raise Refused(404, body={"errors": []})
        return 200, {"data": {"keys": sorted(names)}}

    def version2(self, method, mount, engine, entries, rest, query, token, body):
        area, _, path = rest.partition("/")
        if rest == "config":
            raise Refused(403, "1 error occurred:\n\t* permission denied\n\n")
        if area not in ("data", "metadata") or not path and method != "LIST":
            raise Refused(404, body={
                "errors": [],
                "warnings": ["Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API "
                             "endpoints to use."]})
        entry = entries.get(path)
        exists = entry is not None if area == "metadata" else entry is not None and entry.current > 0
        self.allow(token, self.capability(method, exists), mount + "/" + rest)
        if area == "metadata":
            return self.metadata(method, engine, entries, path, entry, body)
        if method == "GET":
            return self.read(entry)
        if method in ("POST", "PUT"):
            return self.write(engine, entries, path, entry, body)
        if method == "DELETE":
            if entry and entry.current in entry.versions:
                entry.versions[entry.current]["deleted"] = time.time()
            return 204, None
        raise Refused(405, "unsupported operation")

    def read(self, entry):
        if entry is None or entry.current == 0 or entry.current not in entry.versions:
            raise Refused(404, body={"errors": []})
        version = entry.versions[entry.current]
        metadata = entry.metadata(entry.current)
        if version["deleted"] or version["destroyed"]:
            raise Refused(404, body={"data": {"data": None, "metadata": metadata}})
        return 200, {"data": {"data": version["data"], "metadata": metadata}}

    def write(self, engine, entries, path, entry, body):
        if not isinstance(body, dict) or not isinstance(body.get("data"), dict):
            raise Refused(400, "no data provided")
        entry = entry or Entry()
        options = body.get("options") or {}
        required = engine["cas_required"] or entry.cas_required
        if "cas" not in options:
            if required:
                raise Refused(400, "check-and-set parameter required for this call")
        elif not isinstance(options["cas"], int):
            raise Refused(400, "error parsing check-and-set parameter")
        elif options["cas"] != entry.current:
            raise Refused(400, "check-and-set parameter did not match the current version")
        entry.write(body["data"], time.time(), engine)
        entries[path] = entry
        return 200, {"data": entry.metadata(entry.current)}

    def metadata(self, method, engine, entries, path, entry, body):
        if method == "LIST":
            return self.names(entries, path)
        if method == "DELETE":
            entries.pop(path, None)
            return 204, None
        if method in ("POST", "PUT"):
            entry = entries.setdefault(path, Entry())
            if "max_versions" in (body or {}):
                entry.max_versions = body["max_versions"]
            if "cas_required" in (body or {}):
                entry.cas_required = body["cas_required"]
            return 204, None
        if method == "GET":
            if entry is None:
                raise Refused(404, body={"errors": []})
            return 200, {"data": {"cas_required": entry.cas_required, "current_version": entry.current,
                                  "max_versions": entry.max_versions,
                                  "versions": {str(n): entry.metadata(n) for n in entry.versions}}}
        raise Refused(405, "unsupported operation")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    vault = Vault()

    def log_message(self, *arguments):
        pass

    def respond(self, status, body, headers=()):
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        if not isinstance(body, bytes):
            self.send_header("Content-Type", "application/json")
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if status != 204:
            self.wfile.write(data)

    def serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length) if length else b""
        parts = urllib.parse.urlsplit(self.path)
        path = urllib.parse.unquote(parts.path)
        query = urllib.parse.parse_qs(parts.query)
        vault = self.vault
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            return self.respond(400, {"errors": ["error parsing JSON"]})
        if path.startswith("/test/"):
            with vault.lock:
                return self.respond(200, vault.test(self.command, path[len("/test/"):], body))
        if not path.startswith("/v1/"):
            return self.respond(404, {"errors": []})
        path = path[len("/v1/"):]
        with vault.lock:
            vault.log.append([self.command, path, self.headers.get("X-Vault-Namespace", ""),
                              self.headers.get("X-Vault-Request", "")])
            planned = self.planned(path)
        if planned and "late" in planned:
            # The request itself arrives late.
            time.sleep(planned["late"])
            planned = None
        with vault.lock:
            outcome = None
            if planned is None or planned.get("after"):
                try:
                    outcome = vault.answer(self.command, path, query, self.headers, body)
                except Refused as refusal:
                    outcome = refusal.status, refusal.body
        if planned is None:
            return self.respond(*outcome)
        time.sleep(planned.get("pause", 0))
        if planned["status"] == 0:
            # The answer is lost.
            self.close_connection = True
            self.connection.close()
            return None
        text = planned.get("text")
        return self.respond(planned["status"], text.encode() if text is not None else planned.get("body"),
                            [tuple(pair) for pair in planned.get("headers", [])])

    def planned(self, path):
        for plan in self.vault.next:
            if plan.get("method") in (None, self.command) and path.startswith(plan.get("path", "")):
                plan["times"] = plan.get("times", 1) - 1
                if plan["times"] <= 0:
                    self.vault.next.remove(plan)
                return plan
        return None

    do_GET = do_POST = do_PUT = do_DELETE = do_LIST = do_PATCH = serve


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


def main(arguments):
    server = Server(("127.0.0.1", 0), Handler)
    scheme = "http"
    if arguments[:1] == ["--tls"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments[1], arguments[2])
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    print("%s://127.0.0.1:%d" % (scheme, server.server_address[1]), flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.buffer.read()
    os._exit(0)


main(sys.argv[1:])
