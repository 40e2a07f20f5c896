"""`opsctl report`: usage reports of accounts."""

import click

from ops_cli.commands.report.months import month, plan
from ops_cli.commands.report.proofs import diff, explain, verify
from ops_cli.commands.report.single import link, list_reports, show, start
from ops_cli.frame.options import OpsGroup


@click.group(cls=OpsGroup)
def report() -> None:
    """Start, list, show and download usage reports."""


for command in (diff, explain, link, list_reports, month, plan, show, start, verify):
    report.add_command(command)
