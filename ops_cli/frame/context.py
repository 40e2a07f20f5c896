"""What a command works with: the chosen environment, its clients and its stack. The only maker of clients."""

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ops_cli.frame.options import Choices

if TYPE_CHECKING:
    from ops_cli.frame.environments import Environment
    from ops_cli.frame.stack import Stack

LOCAL_KEY_PAIR = ("test", "test")
"""The emulator's root key pair. An endpoint on this machine never sees real credentials."""

_IGNORED = (None, None, None, None)
"""A botocore setting that neither the shell's AWS_PROFILE nor a configuration file can set."""


class Ops:
    """The operator's choices and, made on first use, the environment, clients and stack that follow from them."""

    def __init__(self, choices: Choices | None = None) -> None:
        self.choices = choices or Choices()
        self._clients: dict[str, Any] = {}

    @classmethod
    def at(cls, environment: "Environment") -> "Ops":
        """Return what works in `environment`, whatever the operator chose; it need not be registered."""
        ops = cls()
        ops.environment = environment
        return ops

    @functools.cached_property
    def environment(self) -> "Environment":
        """The environment that the operator's words mean (choice.py), with --profile and --region over its own.

        Raises `NotFound`, `UsageProblem` or `OpsError` with what to say or do.
        """
        from ops_cli.frame.choice import choose

        chosen = choose(self.choices.env)
        return replace(
            chosen,
            profile=self.choices.profile or chosen.profile,
            region=self.choices.region or chosen.region,
        )

    def client(self, service: str) -> Any:
        """Return the one client of `service` (a botocore name, such as "sqs") for the chosen environment.

        A call that fails is made again, up to four times in all.
        """
        if service not in self._clients:
            self._clients[service] = self._make_client(service, tries=4)
        return self._clients[service]

    def client_of_one_try(self, service: str) -> Any:
        """Return a client that makes each call once that may have an effect, and the others as `client` does.

        For callers that keep account of what may have worked, which a try that they do not see would spoil.
        """
        return _OneTry(self.client(service), self._make_client(service, tries=1))

    def fast_sqs(self) -> Any:
        """Return an SQS client of one try for many calls."""
        from ops_cli.frame.lean_sqs import LeanSqs

        return LeanSqs(self.client_of_one_try("sqs"))

    @functools.cached_property
    def stack(self) -> "Stack":
        """The stack description, from SSM or, under --terraform-dir, from the Terraform outputs.

        Raises `OpsError` when it is that of another account than the environment means.
        """
        from ops_cli.frame import stack

        if self.choices.terraform_dir:
            found = stack.from_terraform(self.choices.terraform_dir)
        else:
            found = stack.from_ssm(self.client("ssm"), self.environment)
        self.environment.check_account(found.account_id)
        return found

    @functools.cached_property
    def _session(self) -> Any:
        # botocore, not boto3: the same clients without importing the resource and transfer layers.
        import botocore.session

        environment = self.environment
        if environment.is_local:
            session = botocore.session.Session(session_vars={"profile": _IGNORED})
            session.set_credentials(*LOCAL_KEY_PAIR)
        else:
            session = botocore.session.Session(profile=environment.profile)
        if environment.region:
            session.set_config_variable("region", environment.region)
        return session

    def _make_client(self, service: str, *, tries: int) -> Any:
        from botocore.config import Config

        config = Config(
            connect_timeout=5,
            max_pool_connections=64,  # a replay has that many calls under way; connections are opened when needed
            retries={"mode": "standard", "total_max_attempts": tries},
            # An endpoint on this machine is not behind the proxy that the shell's HTTP_PROXY names.
            proxies={} if self.environment.is_local else None,
            user_agent_extra="opsctl",
            signature_version="s3v4" if service == "s3" else None,
        )
        return self._session.create_client(service, endpoint_url=self.environment.endpoint, config=config)


class _OneTry:
    """Two clients of one service: `reads` for what only reads, `once` for everything else."""

    def __init__(self, reads: Any, once: Any) -> None:
        self._reads, self._once = reads, once

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reads if name.startswith(("get_", "list_", "describe_")) else self._once, name)
