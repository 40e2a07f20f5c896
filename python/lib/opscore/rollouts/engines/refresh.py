"""The instance refresh of a group: start it, look at it, cancel it, roll it back.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-instance-refresh.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

from opscore.rollouts.engines.group import Group, version_of
from opscore.rollouts.judging.observation import Run, RunState

_STATES = {
    "Pending": RunState.RUNNING,
    "InProgress": RunState.RUNNING,
    "Baking": RunState.RUNNING,
    "Successful": RunState.SUCCEEDED,
    "Cancelling": RunState.CANCELLING,
    "Cancelled": RunState.CANCELLED,
    "RollbackInProgress": RunState.ROLLING_BACK,
    "RollbackSuccessful": RunState.ROLLED_BACK,
    "RollbackFailed": RunState.FAILED,
    "Failed": RunState.FAILED,
}


class Irreversible(Exception):
    """AWS cannot roll this refresh back."""


class Refreshes:
    """The instance refreshes of one group, through an Auto Scaling client."""

    def __init__(self, autoscaling: Any, group: str) -> None:
        self._autoscaling = autoscaling
        self._group = group

    def find(self, refresh_id: str, launches: str) -> Run | None:
        """Return a refresh by id; without one the last that launches that version, else the live one, else None."""
        if refresh_id:
            found = self._describe(InstanceRefreshIds=[refresh_id])
            return found[0] if found else None
        known = self._describe()
        ours = [run for run in known if launches and run.launches == launches]
        return next(iter([*ours, *(run for run in known if run.state.is_live)]), None)

    def start(self, group: Group, version: str, preferences: Mapping[str, Any]) -> str:
        """Start the refresh of a group to a version of its template; returns its id, empty when one runs already."""
        try:
            answer = self._autoscaling.start_instance_refresh(
                AutoScalingGroupName=self._group,
                Strategy="Rolling",
                DesiredConfiguration=group.configuration(version),
                Preferences=dict(preferences),
            )
        except self._autoscaling.exceptions.InstanceRefreshInProgressFault:
            return ""
        return str(answer["InstanceRefreshId"])

    def roll_back(self) -> None:
        """Have AWS bring back what was replaced; raises `Irreversible`. Nothing happens when no refresh runs."""
        exceptions = self._autoscaling.exceptions
        try:
            self._autoscaling.rollback_instance_refresh(AutoScalingGroupName=self._group)
        except exceptions.ActiveInstanceRefreshNotFoundFault:
            return
        except exceptions.IrreversibleInstanceRefreshFault as error:
            raise Irreversible(str(error)) from error

    def cancel(self) -> None:
        """Stop the refresh where it is. Nothing happens when none runs."""
        try:
            self._autoscaling.cancel_instance_refresh(AutoScalingGroupName=self._group)
        except self._autoscaling.exceptions.ActiveInstanceRefreshNotFoundFault:
            return

    def stop_launches(self, processes: Sequence[str]) -> None:
        """Suspend processes of the group, and stop what wants them."""
        self._autoscaling.suspend_processes(AutoScalingGroupName=self._group, ScalingProcesses=list(processes))
        self.cancel()

    def _describe(self, **request: Any) -> list[Run]:
        """Return the refreshes of the last six weeks, or those asked for, the last one first."""
        answer = self._autoscaling.describe_instance_refreshes(AutoScalingGroupName=self._group, **request)
        return [_run(one) for one in answer["InstanceRefreshes"]]


def _run(found: Mapping[str, Any]) -> Run:
    back = found.get("RollbackDetails", {})
    reasons = dict.fromkeys(filter(None, (back.get("RollbackReason", ""), found.get("StatusReason", ""))))
    return Run(
        run=found["InstanceRefreshId"],
        launches=version_of(found.get("DesiredConfiguration", {})),
        state=_STATES[found["Status"]],
        why="; ".join(reasons),
        percent=int(found.get("PercentageComplete", 0)),
    )
