"""An account's own parameters: AMI aliases are checked, labels have rules, and every change is an event.

https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-ec2-aliases.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-cwe.html
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html (DataType)
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_LabelParameterVersion.html

A parameter of the data type `aws:ec2:image` whose AMI the account does not see is not written, though PutParameter
answers 200: only the event says so. AWS checks a moment later, and the event's `exception` is its own sentence.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import ssm

from emulated_aws.fleet import state
from emulated_aws.fleet.ec2.ami import records
from emulated_aws.fleet.events import emit
from emulated_aws.fleet.refusals import Refused
from emulated_aws.replacement import replace

Request = Mapping[str, Any]
Operation = Callable[[Request], Any]

SOURCE, CHANGE = "aws.ssm", "Parameter Store Change"
AMI = "aws:ec2:image"
DATA_TYPES = ("text", AMI, "aws:ssm:integration")
MOST_LABELS = 10
SUCCESS = 200
_LABEL = re.compile(r"(?!(?i:aws|ssm))[A-Za-z._-][A-Za-z0-9._-]{0,99}")


def install() -> None:
    """Check and tell around the emulator's own operations."""
    replace(ssm, "_put_parameter", _putting)
    replace(ssm, "_delete_parameter", _deleting)
    replace(ssm, "_delete_parameters", _deleting_several)
    replace(ssm, "_label_parameter_version", _labelling)


def _putting(stock: Operation) -> Operation:
    def put(given: Request) -> Any:
        data_type = given.get("DataType") or "text"
        if data_type not in DATA_TYPES:
            message = f"The following data type is not supported: {data_type}. Data types: {', '.join(DATA_TYPES)}."
            return error_response_json("ValidationException", message, 400)
        name = str(given.get("Name", ""))
        before = ssm._parameters.get(name)
        if data_type == AMI and not _is_visible(str(given.get("Value", ""))):
            return _refuse_image(stock, given, before)
        answer = stock(given)
        if answer[0] == SUCCESS:
            _tell("Update" if before else "Create", ssm._parameters[name])
        return answer

    return put


def _is_visible(image_id: str) -> bool:
    with state.LOCK:
        try:
            return records.state(records.find(image_id)) != "deregistered"
        except Refused:
            return False


def _refuse_image(stock: Operation, given: Request, before: Any) -> Any:
    """Answer as if the parameter were written, take it back and tell; what the emulator refuses stays refused."""
    name = str(given["Name"])
    history = list(ssm._parameter_history.get(name) or ())
    answer = stock(given)
    if answer[0] != SUCCESS:
        return answer
    written = ssm._parameters.pop(name)
    ssm._parameter_history.pop(name, None)
    if before:
        ssm._parameters[name], ssm._parameter_history[name] = before, history
    else:
        ssm._tags.pop(written["ARN"], None)
    operation = "Update" if before else "Create"
    _tell(operation, written, exception="Unable to Describe Resource", dataType=AMI)
    return answer


def _deleting(stock: Operation) -> Operation:
    def delete(given: Request) -> Any:
        _key, before = ssm._lookup_parameter(given.get("Name"))
        answer = stock(given)
        if answer[0] == SUCCESS and before:
            _tell("Delete", before)
        return answer

    return delete


def _deleting_several(stock: Operation) -> Operation:
    def delete(given: Request) -> Any:
        before = [found for name in given.get("Names") or () if (found := ssm._lookup_parameter(name)[1])]
        answer = stock(given)
        for parameter in before:
            if parameter["Name"] not in ssm._parameters:
                _tell("Delete", parameter)
        return answer

    return delete


def _labelling(stock: Operation) -> Operation:
    def label(given: Request) -> Any:
        wanted = [str(one) for one in given.get("Labels") or ()]
        valid = [one for one in wanted if _LABEL.fullmatch(one)]
        name = str(given.get("Name", ""))
        if _too_many(name, given.get("ParameterVersion"), valid):
            message = f"A parameter version can have a maximum of {MOST_LABELS} labels."
            return error_response_json("ParameterVersionLabelLimitExceeded", message, 400)
        status, headers, body = stock({**given, "Labels": valid})
        if status != SUCCESS:
            return status, headers, body
        for one in valid:
            _tell("LabelParameterVersion", ssm._parameters[name], label=one)
        return json_response({**json.loads(body), "InvalidLabels": [one for one in wanted if one not in valid]})

    return label


def _too_many(name: str, version: Any, labels: list[str]) -> bool:
    number = version or (ssm._parameters.get(name) or {}).get("Version")
    entries = [one for one in ssm._parameter_history.get(name) or () if one["Version"] == number]
    return any(len({*(one.get("Labels") or ()), *labels}) > MOST_LABELS for one in entries)


def _tell(operation: str, parameter: Mapping[str, Any], **more: str) -> None:
    detail = {"operation": operation, "name": parameter["Name"], "type": parameter["Type"], **more}
    if parameter.get("Description"):
        detail["description"] = parameter["Description"]
    emit(SOURCE, CHANGE, detail, [parameter["ARN"]])
