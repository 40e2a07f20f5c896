"""Write the tables of inputs and outputs into the modules' READMEs: `python -m tests.terraform.readme_tables`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.terraform.hcl import argument, blocks

ROOT = Path(__file__).parents[2]
MODULES = sorted(path.parent for path in ROOT.glob("modules/*/main.tf"))
BEGIN = "<!-- Made from the .tf files by `python -m tests.terraform.readme_tables`. -->"
END = "<!-- End of what is made. -->"


def tables(module: Path) -> str:
    """Return a module's inputs and outputs as Markdown; what must be given comes first, then by name."""
    return "\n".join([BEGIN, "", *_inputs(module), "", *_outputs(module), "", END])


def with_tables(readme: str, module: Path) -> str:
    """Return a README with the tables as they are now, in their place or at its end."""
    before, begun, rest = readme.partition(BEGIN)
    after = rest.partition(END)[2] if begun else "\n"
    return f"{before.rstrip()}\n\n{tables(module)}{after}"


def _inputs(module: Path) -> Iterator[str]:
    variables = {name: body for path in module.glob("*.tf") for name, body in blocks(path, "variable").items()}
    yield "| input | type | default | what it is |"
    yield "|---|---|---|---|"
    for name, body in sorted(variables.items(), key=lambda item: (argument(item[1], "default") is not None, item[0])):
        default = argument(body, "default")
        shown = "must be given" if default is None else _code(default)
        yield f"| `{name}` | {_code(argument(body, 'type') or 'any')} | {shown} | {_text(body)} |"


def _outputs(module: Path) -> Iterator[str]:
    yield "| output | what it is |"
    yield "|---|---|"
    for path in sorted(module.glob("*.tf")):
        for name, body in blocks(path, "output").items():
            yield f"| `{name}` | {_text(body)} |"


def _text(body: str) -> str:
    description = argument(body, "description") or ""
    return description[1:-1].replace('\\"', '"').replace("|", "\\|")


def _code(value: str) -> str:
    return f"`{value}`".replace("|", "\\|")


def main() -> int:
    """Bring every README up to date."""
    for module in MODULES:
        readme = module / "README.md"
        readme.write_text(with_tables(readme.read_text(encoding="utf-8"), module), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
