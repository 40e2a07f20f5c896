"""CloudWatch: alarms are evaluated by time, dimension and missing data, not only when somebody puts a datum.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html

A datapoint is one statistic over one period. Periods are aligned to the clock; the newest is the running one as soon
as it has data, so an alarm fires within seconds where AWS takes a minute or two. ALARM needs `DatapointsToAlarm`
breaching ones among the last `EvaluationPeriods`; missing ones count as `TreatMissingData` says.

Not modelled: the wider evaluation range, in which AWS looks for older data when some are missing; premature
transitions; actions other than SNS topics.
"""

import operator
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch

from emulated_aws.plugin import metric_math
from emulated_aws.replacement import replace

_BREACHES: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}


def install() -> None:
    """Evaluate with dimensions and missing data whenever the emulator evaluates."""
    replace(cloudwatch, "_evaluate_alarm", lambda _: evaluate)


def evaluate_all() -> None:
    """Evaluate every alarm of every account and region."""
    for (account, region, _name), alarm in cloudwatch._alarms.all_items():
        with request_scope(account, region):
            evaluate(alarm)


def evaluate(alarm: dict[str, Any]) -> None:
    """Evaluate one alarm of the current account and region; record a change and tell its topics."""
    values = _math(alarm, time.time()) if alarm.get("Metrics") else datapoints(alarm, _points(alarm), time.time())
    state = decide(alarm, values)
    if state in (None, alarm["StateValue"]):
        return
    before = alarm["StateValue"]
    reason = _reason(alarm, values)
    alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    cloudwatch._record_history(alarm["AlarmName"], before, state, reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _points(metric: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(metric.get("Dimensions") or []))
    return cloudwatch._metrics.get((metric.get("Namespace"), metric.get("MetricName"), dimensions)) or []


def _math(alarm: Mapping[str, Any], now: float) -> list[float | None]:
    """Return what the alarm's expression comes to in each of its periods, newest first."""
    expression, sources = metric_math.check(alarm["Metrics"])
    tree, count = metric_math.parse(expression["Expression"]), alarm["EvaluationPeriods"]
    period = sources[0]["MetricStat"]["Period"]
    newest = now - now % period
    values: list[float | None] = []
    for back in range(count + 1):
        start = newest - back * period
        found = {
            query["Id"]: _statistic(_points(query["MetricStat"]["Metric"]), start, period, query["MetricStat"]["Stat"])
            for query in sources
        }
        values.append(metric_math.evaluate(tree, found))
    return values[1:] if values[0] is None else values[:-1]


def datapoints(alarm: Mapping[str, Any], points: Sequence[Mapping[str, Any]], now: float) -> list[float | None]:
    """Return the statistic of each of the alarm's periods, newest first; None for a period without data."""
    period, count = alarm["Period"], alarm["EvaluationPeriods"]
    statistic = alarm.get("ExtendedStatistic") or alarm["Statistic"]
    newest = now - now % period
    values = [_statistic(points, newest - back * period, period, statistic) for back in range(count + 1)]
    return values[1:] if values[0] is None else values[:-1]


def _statistic(points: Sequence[Mapping[str, Any]], start: float, period: float, statistic: str) -> float | None:
    inside = [point for point in points if start <= point["Timestamp"] < start + period]
    if not inside:
        return None
    value = cloudwatch._stat_value(cloudwatch._calc_stats(inside), statistic, inside)
    return None if value is None else float(value)


def decide(alarm: Mapping[str, Any], values: Sequence[float | None]) -> str | None:
    """Return the state that follows from the datapoints; None to stay in the present one."""
    missing = alarm.get("TreatMissingData") or "missing"
    needed = alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]
    breaches = _BREACHES[alarm["ComparisonOperator"]]
    present = [value for value in values if value is not None]
    breaching = sum(breaches(value, alarm["Threshold"]) for value in present)
    if missing == "breaching":
        breaching += len(values) - len(present)
    if breaching >= needed:
        return "ALARM"
    if not present and missing == "missing":
        return "INSUFFICIENT_DATA"
    if not present and missing == "ignore":
        return None
    return "OK"


def _reason(alarm: Mapping[str, Any], values: Sequence[float | None]) -> str:
    shown = ", ".join("missing" if value is None else f"{value:g}" for value in values)
    comparison = f"{alarm['ComparisonOperator']} {alarm['Threshold']:g}"
    return f"Threshold Crossed: datapoints [{shown}] (newest first), {comparison}, missing data: " + str(
        alarm.get("TreatMissingData") or "missing"
    )
