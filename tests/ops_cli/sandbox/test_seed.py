"""Made-up accounts go nowhere but into a sandbox."""

import pytest

from ops_cli.frame.context import Ops
from ops_cli.frame.environments import Environment, register
from ops_cli.frame.options import Choices
from ops_cli.sandbox.seed import seed
from opscore.errors import UsageProblem


def test_made_up_accounts_are_not_written_to_an_account() -> None:
    register(Environment("prod", region="eu-west-1"))
    with pytest.raises(UsageProblem, match="prod is not on this machine"):
        seed(Ops(Choices(env="prod")), print)
