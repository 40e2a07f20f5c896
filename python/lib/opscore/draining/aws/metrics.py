"""The figures that alarms watch: drains that need a person, and tasks that were killed."""

from collections.abc import Callable
from typing import Any

NAMESPACE = "opsctl/draining"
STUCK = "StuckDrains"
KILLED = "KilledTasks"

Count = Callable[[str, str, int], None]
"""(metric, cluster, value): put one value."""


def counter(cloudwatch: Any, stack: str) -> Count:
    """Return what puts values for a stack: once by cluster for people, once in all for the alarms."""

    def count(metric: str, cluster: str, value: int) -> None:
        in_all = {"Name": "Stack", "Value": stack}
        cloudwatch.put_metric_data(
            Namespace=NAMESPACE,
            MetricData=[
                {"MetricName": metric, "Dimensions": [in_all], "Value": value, "Unit": "Count"},
                {
                    "MetricName": metric,
                    "Dimensions": [in_all, {"Name": "Cluster", "Value": cluster}],
                    "Value": value,
                    "Unit": "Count",
                },
            ],
        )

    return count
