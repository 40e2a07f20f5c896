"""CloudWatch: an alarm reads back as it was written, so that a plan right after an apply is empty.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmsForMetric.html

The emulator keeps every field, but its answer in the Query protocol (Terraform's) names nine of them, and a few are
dropped on the way in. DescribeAlarmsForMetric answers the alarms on exactly the dimensions that the request names;
those of a metric with dimensions are not found without them. An alarm on metric math has its `Metrics` and no metric of
its own. Not modelled, and refused: what `metric_math` does not know, and anomaly detection (`ThresholdMetricId`).
"""

import datetime as dt
import json
import operator
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as Xml

from ministack.services import cloudwatch

from emulated_aws.plugin import metric_math
from emulated_aws.replacement import replace

_LISTS = ("AlarmNames", "AlarmTypes")
_NARROWING = ("Statistic", "ExtendedStatistic", "Period", "Unit")
_WORDS = ("AlarmNamePrefix", "StateValue", "MaxRecords", "NextToken")


def install() -> None:
    """Answer every field, keep every field, refuse what cannot be evaluated."""
    replace(cloudwatch, "_describe_alarms", _describe_everything)
    replace(cloudwatch, "_describe_alarms_for_metric", _describe_by_dimension)
    replace(cloudwatch, "_put_metric_alarm", _keep_everything)


def _describe_everything(stock: Any) -> Any:
    def describe(params: Mapping[str, Any], data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        if is_cbor or is_json:
            return stock(params, data, is_cbor, is_json)
        status, _headers, body = stock({}, _query_as_json(params), False, True)
        if status != 200:  # noqa: PLR2004
            fault = json.loads(body)
            return cloudwatch._error(fault["__type"], fault["message"], status)
        result = Xml.Element("DescribeAlarmsResult")
        _append(result, json.loads(body))
        return cloudwatch._xml(status, "DescribeAlarmsResponse", Xml.tostring(result, encoding="unicode"))

    return describe


def _describe_by_dimension(_stock: Any) -> Any:
    def describe(params: Mapping[str, Any], data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        wanted = data if is_cbor or is_json else _metric_of(params)
        found = [alarm for alarm in cloudwatch._alarms.values() if _is_about(alarm, wanted)]
        if is_cbor:
            return cloudwatch._cbor_ok({"MetricAlarms": [cloudwatch._cbor_alarm(alarm) for alarm in found]})
        if is_json:
            return cloudwatch._json_ok({"MetricAlarms": found})
        result = Xml.Element("DescribeAlarmsForMetricResult")
        _append(result, {"MetricAlarms": found})
        return cloudwatch._xml(200, "DescribeAlarmsForMetricResponse", Xml.tostring(result, encoding="unicode"))

    return describe


def _metric_of(params: Mapping[str, Any]) -> dict[str, Any]:
    dimensions: list[dict[str, str]] = []
    while name := cloudwatch._p(params, f"{(place := f'Dimensions.member.{len(dimensions) + 1}')}.Name"):
        dimensions.append({"Name": name, "Value": cloudwatch._p(params, f"{place}.Value")})
    words = {name: cloudwatch._p(params, name) for name in ("Namespace", "MetricName", *_NARROWING)}
    return {**words, "Dimensions": dimensions}


def _is_about(alarm: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether an alarm is on this metric, and of this statistic, period and unit where the request names them."""
    named = [name for name in _NARROWING if wanted.get(name)]
    same = all(str(alarm.get(name)) == str(wanted[name]) for name in ("Namespace", "MetricName", *named))
    dimensions = (cloudwatch._dims_from_list(one.get("Dimensions") or []) for one in (alarm, wanted))
    return same and operator.eq(*dimensions)


def _query_as_json(params: Mapping[str, Any]) -> dict[str, Any]:
    lists = {name: _members(params, name) for name in _LISTS}
    words = {name: cloudwatch._p(params, name) for name in _WORDS}
    return {name: value for name, value in {**lists, **words}.items() if value}


def _members(params: Mapping[str, Any], name: str) -> list[str]:
    found: list[str] = []
    while value := cloudwatch._p(params, f"{name}.member.{len(found) + 1}"):
        found.append(value)
    return found


def _append(parent: Xml.Element, value: Any) -> None:
    """Write a JSON value below `parent` as the Query protocol does: mappings by name, lists as `member`."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if item is not None:
                _append(Xml.SubElement(parent, name), _as_timestamp(item) if name.endswith("Timestamp") else item)
    elif isinstance(value, list):
        for item in value:
            _append(Xml.SubElement(parent, "member"), item)
    else:
        parent.text = str(value).lower() if isinstance(value, bool) else str(value)


def _as_timestamp(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat().replace("+00:00", "Z")


def _keep_everything(stock: Any) -> Any:
    def put(params: Mapping[str, Any], data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        by_query = not (is_cbor or is_json)
        given = params if by_query else data
        metrics = metric_math.from_query(params, cloudwatch._p) if by_query else data.get("Metrics") or []
        try:
            if any(name.startswith("ThresholdMetricId") for name in given):
                raise metric_math.NotModelled("an alarm on anomaly detection")
            if metrics:
                metric_math.check(metrics)
        except metric_math.NotModelled as what:
            message = f"The sandbox does not model {what}."
            return cloudwatch._error("ValidationError", message, 400, use_json=is_json, use_cbor=is_cbor)
        answer = stock(params, data, is_cbor, is_json)
        name = cloudwatch._p(params, "AlarmName") if by_query else data.get("AlarmName")
        if answer[0] == 200:  # noqa: PLR2004
            _restore_dropped(cloudwatch._alarms[name], params if by_query else None)
            if metrics:
                own = dict.fromkeys(("MetricName", "Namespace", "Statistic", "Period"))
                cloudwatch._alarms[name].update(own, Metrics=metrics)
        return answer

    return put


def _restore_dropped(alarm: dict[str, Any], query: Mapping[str, Any] | None) -> None:
    if alarm.get("ExtendedStatistic"):
        alarm["Statistic"] = None
    if query is not None:
        alarm["InsufficientDataActions"] = _members(query, "InsufficientDataActions")
        alarm["EvaluateLowSampleCountPercentile"] = cloudwatch._p(query, "EvaluateLowSampleCountPercentile") or None
