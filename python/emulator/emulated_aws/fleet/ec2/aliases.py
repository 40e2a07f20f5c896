"""`resolve:ssm:PARAMETER` in place of an AMI's id: which AMI it means now.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameters-to-find-AMI.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-launch-template.html#use-an-ssm-parameter-instead-of-an-ami-id

The parameter is a public one, or one of the account, by its name or ARN, with `:VERSION` or `:LABEL` behind it if one
of these is meant. It is read at every launch. A parameter that another account shares is not modelled.
"""

import re

from ministack.services import ssm

from emulated_aws.fleet.refusals import Refused

PREFIX = "resolve:ssm:"
_PARAMETER = re.compile(r"(arn:aws:ssm:[^:]+:\d*:parameter)?[A-Za-z0-9_.\-/]+(:[A-Za-z0-9_.\-]+)?")


def is_alias(image_id: str) -> bool:
    """Whether a parameter stands in place of an AMI's id."""
    return image_id.startswith(PREFIX)


def check(image_id: str) -> None:
    """Refuse what is an alias by its beginning only; the parameter itself is looked for at the launch."""
    if is_alias(image_id) and not _PARAMETER.fullmatch(image_id.removeprefix(PREFIX)):
        raise Refused("InvalidParameterValue", f"Value ({image_id}) for parameter ImageId is invalid.")


def resolve(image_id: str) -> str:
    """Return the AMI's id that an alias means now, any other id as it is; raises `Refused`."""
    if not is_alias(image_id):
        return image_id
    check(image_id)
    name = image_id.removeprefix(PREFIX)
    found, problem = ssm._select_parameter(name)
    if found is None:
        what = "version or label" if problem == "ParameterVersionNotFound" else "parameter"
        message = f"Systems Manager could not find the {what} of {name}"
        raise Refused("InvalidParameterValue", f"{message}: the value ({image_id}) for parameter ImageId is invalid.")
    if found["Type"] != "String":
        raise Refused("InvalidParameterValue", f"{name} is a {found['Type']}, and an AMI alias is a String.")
    return str(found["Value"])
