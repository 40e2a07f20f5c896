import datetime as dt
import ssl
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import HTTPClientError, ProxyConnectionError, SSLError

from ops_cli.frame.context import Ops
from ops_cli.frame.environments import Environment, register
from ops_cli.frame.options import Choices
from opscore import aws_faults
from tests.ops_cli.frame.answering import Answering

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
    with Answering() as server:
        server.answer = b'{"Parameter": {"Value": "here"}}'
        register(replace(LOCAL, endpoint=server.endpoint))
        assert here().client("ssm").get_parameter(Name="x")["Parameter"]["Value"] == "here"


REMOTE = "http://sqs.example.invalid"
"""A host that does not exist: only a proxy can answer for it."""


def send(ops: Ops) -> Any:
    return ops.fast_sqs().send_message_batch(QueueUrl="q", Entries=[{"Id": "0", "MessageBody": "b"}])


def invoke(ops: Ops) -> Any:
    return ops.client_of_one_try("lambda").invoke(FunctionName="f", InvocationType="Event", Payload=b"{}")


def start_moving(ops: Ops) -> Any:
    return ops.fast_sqs().start_message_move_task(SourceArn="arn:aws:sqs:eu-west-1:1:q")


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("act", [send, invoke, start_moving])
@pytest.mark.parametrize("is_behind_proxy", [False, True])
@pytest.mark.usefixtures("credentials")
def test_what_has_an_effect_is_asked_for_once_although_the_answer_is_lost(
    act: Callable[[Ops], Any], is_behind_proxy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Answering() as server:
        endpoint = server.endpoint
        if is_behind_proxy:
            monkeypatch.setenv("HTTP_PROXY", server.endpoint)
            endpoint = REMOTE
        register(Environment("here", region="eu-west-1", endpoint=endpoint))
        server.drops = 1
        ops = here()
        with pytest.raises((HTTPClientError, ProxyConnectionError)) as lost:
            act(ops)
        assert aws_faults.may_have_worked(lost.value)
        assert len(server.requests) == 1
        assert server.requests[0][0].startswith(REMOTE) is is_behind_proxy
        act(ops)
        assert len(server.requests) == 2


@pytest.mark.usefixtures("credentials")
def test_what_only_reads_is_asked_for_again() -> None:
    with Answering() as server:
        register(replace(LOCAL, endpoint=server.endpoint))
        server.drops = 2
        here().fast_sqs().get_queue_attributes(QueueUrl="q")
        here().client_of_one_try("lambda").get_function_configuration(FunctionName="f")
        assert len(server.requests) == 4


@pytest.mark.usefixtures("credentials")
def test_a_host_that_no_proxy_names_is_reached_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.2,localhost")
    with Answering() as server:
        # Not `is_local`: for such an endpoint no proxy is asked in any case.
        monkeypatch.setattr(Environment, "is_local", False)
        register(replace(LOCAL, endpoint=server.endpoint.replace("127.0.0.1", "localhost")))
        send(here())
        assert len(server.requests) == 1


def certificate(folder: Path) -> Path:
    """Write a certificate for 127.0.0.1 that signed itself, with its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    path = folder / "authority.pem"
    path.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return path


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("named_by", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "profile", None])
@pytest.mark.usefixtures("credentials")
def test_the_authorities_that_the_operator_names_are_trusted_and_no_others(
    named_by: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = certificate(tmp_path)
    profile = None
    if named_by == "profile":
        profile, config = "ops", tmp_path / "aws-config"
        config.write_text(f"[profile ops]\nca_bundle = {authority}\naws_access_key_id = A\naws_secret_access_key = s\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    elif named_by:
        monkeypatch.setenv(named_by, str(authority))
    monkeypatch.setattr(Environment, "is_local", False)
    with Answering(tls(authority)) as server:
        register(Environment("here", region="eu-west-1", endpoint=server.endpoint, profile=profile))
        if named_by:
            assert send(here()) == {}
        else:
            with pytest.raises(SSLError):
                send(here())


@pytest.mark.usefixtures("credentials")
def test_an_answer_that_is_lost_in_a_tunnel_through_a_proxy_may_have_worked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = certificate(tmp_path)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority))
    with Answering(tls(authority)) as server, Answering() as proxy:
        proxy.tunnels_to = server.server_port
        monkeypatch.setenv("HTTPS_PROXY", proxy.endpoint)
        monkeypatch.setattr(Environment, "is_local", False)
        register(Environment("here", region="eu-west-1", endpoint=server.endpoint))
        server.drops = 1
        ops = here()
        with pytest.raises((HTTPClientError, ProxyConnectionError)) as lost:
            send(ops)
        assert len(server.requests) == 1
        assert aws_faults.may_have_worked(lost.value)
        assert send(ops) == {}


@pytest.mark.usefixtures("credentials")
def test_a_call_through_a_proxy_that_is_not_there_cannot_have_worked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    register(Environment("here", region="eu-west-1", endpoint=REMOTE))
    with pytest.raises(ProxyConnectionError) as lost:
        send(here())
    assert not aws_faults.may_have_worked(lost.value)
