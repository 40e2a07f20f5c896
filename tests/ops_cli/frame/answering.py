"""An HTTP server on this machine that stands for an AWS service, or for a proxy in front of one."""

import http.server
import select
import socket
import ssl
import threading
from typing import Any


class Answering(http.server.ThreadingHTTPServer):
    """Answers every request with `answer` and keeps what was asked; the next `drops` requests get no answer.

    Each request is (its target, headers, body). The target is a whole URL when the server is asked as a proxy.
    """

    daemon_threads = True
    status = 200
    answer: bytes = b"{}"
    error_header = ""
    drops = 0
    tunnels_to = 0

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.connections = 0
        self.endpoint = f"http{'s' if tls else ''}://127.0.0.1:{self.server_port}"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    def __enter__(self) -> "Answering":
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, *_: Any) -> None:
        """Say nothing of clients that refuse the certificate."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Answering

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append((self.path, dict(self.headers), body))
        if self.server.drops:
            self.server.drops -= 1
            self.close_connection = True
            return
        self.send_response(self.server.status)
        if self.server.error_header:
            self.send_header("x-amzn-query-error", self.server.error_header)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def do_GET(self) -> None:
        self.do_POST()

    def do_CONNECT(self) -> None:
        """Pass on what comes to `tunnels_to`, whatever was asked for, until either side has ended."""
        self.send_response(200)
        self.end_headers()
        with socket.create_connection(("127.0.0.1", self.server.tunnels_to)) as other:
            ends = {self.connection: other, other: self.connection}
            while ready := select.select([*ends], [], [], 5)[0]:
                data = ready[0].recv(65536)
                if not data:
                    break
                ends[ready[0]].sendall(data)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass
