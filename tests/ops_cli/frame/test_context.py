import http.server
import threading
from dataclasses import replace

import pytest

from ops_cli.frame.context import Ops
from ops_cli.frame.environments import Environment, register
from ops_cli.frame.options import Choices


class Answering:
    """A server on this machine that answers every call with one SSM parameter."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = b'{"Parameter": {"Value": "here"}}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    def __enter__(self) -> str:
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


PROD = Environment("prod", profile="ops", region="eu-west-1")
LOCAL = Environment("here", region="eu-west-1", endpoint="http://127.0.0.1:9")


def here() -> Ops:
    return Ops(Choices(env="here"))


def test_profile_and_region_on_the_command_line_win() -> None:
    register(PROD)
    chosen = Ops(Choices(env="prod", profile="other", region="us-east-1")).environment
    assert (chosen.profile, chosen.region) == ("other", "us-east-1")


def test_an_endpoint_on_this_machine_never_gets_real_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("AWS_PROFILE", "prod-profile-that-does-not-exist")
    register(LOCAL)
    client = here().client("sqs")
    assert client._request_signer._credentials.access_key == "test"
    assert client.meta.endpoint_url == "http://127.0.0.1:9"


def test_a_client_is_made_once() -> None:
    register(LOCAL)
    ops = here()
    assert ops.client("sqs") is ops.client("sqs")


def test_an_endpoint_on_this_machine_is_not_asked_for_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Answering() as endpoint:
        register(replace(LOCAL, endpoint=endpoint))
        assert here().client("ssm").get_parameter(Name="x")["Parameter"]["Value"] == "here"
