"""A network of its own with a public server in it whose metadata leads inside, and omlx signing in to it.

Run it in network and mount namespaces of their own, as root there: it gives addresses to the loopback device and names
to /etc/hosts. Prints one JSON object: for each case omlx's exit status and outputs, and what reached the inside.
"""

import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import threading

PUBLIC, PRIVATE = "93.184.216.34", "10.66.0.1"
OMLX = os.environ["OMLX"]


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def prepare():
    ip = next(path for path in ("/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip") if os.path.exists(path))
    run(ip, "link", "set", "lo", "up")
    for address in (PUBLIC, PRIVATE):
        run(ip, "address", "add", address + "/32", "dev", "lo")
    with open("hosts", "w") as file:
        file.write(f"127.0.0.1 localhost\n{PUBLIC} public.example\n{PRIVATE} inside.example\n")
    run("mount", "--bind", "hosts", "/etc/hosts")
    names = f"IP:{PUBLIC},IP:{PRIVATE},IP:127.0.0.1,IP:::1,DNS:public.example,DNS:inside.example"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
        "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=" + names)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, family, address, answer):
        self.address_family = family
        self.requests, self.connections, self.answer = [], 0, answer
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain("cert.pem", "key.pem")
        super().__init__((address, 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def server_bind(self):
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "test", self.server_address[1]

    def get_request(self):
        connection, address = super().get_request()
        self.connections += 1
        connection.settimeout(120)
        return self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request, address):
        pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append(f"{self.command} {self.path}")
        status, headers, body = self.server.answer(self.path)
        data = json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = reply

    def log_message(self, *words):
        pass


def main():
    prepare()
    inside = Server(socket.AF_INET6, "::", lambda path: (404, {}, None))
    inside_name = f"https://inside.example:{inside.server_port}"
    places = {
        "loopback": f"https://127.0.0.1:{inside.server_port}",
        "loopback6": f"https://[::1]:{inside.server_port}",
        "private": f"https://{PRIVATE}:{inside.server_port}",
        "mapped": f"https://[::ffff:10.66.0.1]:{inside.server_port}",
        "name": inside_name,
    }

    def answer(path):
        case = path.strip("/").split("/")[-2] if path.endswith("/mcp") else path.strip("/").split("/")[-1]
        kind, _, place = case.partition("-")
        target = places.get(place, "")
        if path.startswith("/.well-known/oauth-protected-resource/"):
            if kind == "redirect":
                return 302, {"Location": target + "/metadata"}, None
            issuer = target if kind in ("server", "own") else f"{origin}/{case}"
            return 200, {}, {"resource": f"{origin}/{case}/mcp", "authorization_servers": [issuer]}
        if path.startswith("/.well-known/oauth-authorization-server/"):
            issuer = f"{origin}/{case}"
            return 200, {}, {
                "issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token",
                "registration_endpoint": target + "/register", "code_challenge_methods_supported": ["S256"],
            }
        challenge = f'Bearer resource_metadata="{target}/metadata"' if kind == "challenge" else "Bearer"
        return 401, {"WWW-Authenticate": challenge}, None

    public = Server(socket.AF_INET, PUBLIC, answer)
    origin = f"https://public.example:{public.server_port}"
    cases = [f"challenge-{place}" for place in places] + [f"server-{place}" for place in places]
    cases += ["redirect-name", "redirect-private", "register-name", "register-loopback", "own-name"]
    servers = {case: {"url": f"{origin}/{case}/mcp"} for case in cases}
    servers["own-name"]["auth"] = {"type": "oauth2", "issuer": inside_name}
    servers["inside"] = {"url": inside_name + "/mcp"}
    with open("network.json", "w") as file:
        json.dump({"servers": servers}, file)
    runs = {case: ["login", case, "--no-browser"] for case in servers}
    runs |= {"doctor": ["doctor", "server-name"], "doctor-register": ["doctor", "register-name"]}
    results = {}
    for case, words in runs.items():
        requests, connections = len(inside.requests), inside.connections
        ended = subprocess.run(
            [OMLX, "mcp"] + words + ["--mcp-config", "network.json"] + sys.argv[1:],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180,
            env=os.environ | {"SSL_CERT_FILE": os.path.abspath("cert.pem")})
        results[case] = {
            "exit": ended.returncode, "stdout": ended.stdout, "stderr": ended.stderr, "inside": inside.requests[requests:],
            "connections": inside.connections - connections,
        }
    print(json.dumps(results))


main()
