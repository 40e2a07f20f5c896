"""A generated repository of 80 services: 40 without dependencies, 30 of a web kind, 10 with a large native wheel."""

from pathlib import Path

WEB = ("aws-lambda-powertools==3.8.0", "requests==2.32.3")
DUCK = ("duckdb==1.2.1",)
PLAIN, WEB_SERVICES, DUCK_SERVICES = 40, 30, 10
SERVICES = PLAIN + WEB_SERVICES + DUCK_SERVICES
COMMON_MODULES = 20
PACKAGE = "common"

_FUNCTION = '''\
def {name}(record: dict[str, int], limit: int = {number}) -> dict[str, int]:
    """Keep what counts at least {number} and add it up under one name."""
    kept = {{key: value for key, value in record.items() if value >= limit}}
    if not kept:
        return {{"{name}": 0}}
    total = sum(kept.values())
    return {{**kept, "{name}": total + {number}}}
'''
_HANDLER = '''\
"""Entry point of service {number}."""

{imports}from common import {modules}

from .core import answer


def handle(event: dict[str, int], context: object) -> dict[str, int]:
    """Answer with everything the common library counts."""
    return answer(event, [{uses}])
'''
_CORE = '''\
"""The work of service {number}."""


def answer(event, steps):
    """Apply every step to the event."""
    for step in steps:
        event = step(event)
    return {{**event, "service": {number}}}
'''


def generate(root: Path) -> Path:
    """Write the tree under `root` and return it; the requirements are not locked yet."""
    library = root / "python" / "lib" / PACKAGE
    _write(library / "__init__.py", '"""What all services share."""\n')
    for number in range(COMMON_MODULES):
        functions = "\n\n".join(_FUNCTION.format(name=f"count_{number}_{part}", number=part) for part in range(12))
        _write(library / f"module_{number:02}.py", f'"""Part {number} of the common library."""\n\n\n{functions}')
    for number in range(SERVICES):
        _service(root / "python" / "functions" / f"service_{number:02}", number)
    return root


def _service(folder: Path, number: int) -> None:
    requirements = () if number < PLAIN else WEB if number < PLAIN + WEB_SERVICES else DUCK
    imported = {WEB: "import requests\nfrom aws_lambda_powertools import Logger\n", DUCK: "import duckdb\n"}
    modules = [f"module_{each:02}" for each in range(COMMON_MODULES)]
    uses = ", ".join(f"{module}.count_{index}_0" for index, module in enumerate(modules))
    imports = imported.get(requirements, "")
    handler = _HANDLER.format(number=number, imports=imports, modules=", ".join(modules), uses=uses)
    _write(folder / "__init__.py", f'"""Service {number}."""\n')
    _write(folder / "handler.py", handler)
    _write(folder / "core.py", _CORE.format(number=number))
    _write(folder / "requirements.txt", "".join(f"{requirement}\n" for requirement in requirements))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
