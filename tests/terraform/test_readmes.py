"""Each module's README says what it is for, shows one call, and lists its inputs and outputs as they are."""

from pathlib import Path

import pytest

from tests.terraform.hcl import one_line
from tests.terraform.readme_tables import MODULES, tables, with_tables


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_has_a_readme_with_one_snippet(module: Path) -> None:
    readme = (module / "README.md").read_text()
    assert readme.startswith(f"# {module.name}\n")
    assert readme.count("```hcl") == 1
    assert f'/{module.name}"' in readme


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_the_tables_of_inputs_and_outputs_are_current(module: Path) -> None:
    readme = (module / "README.md").read_text()
    assert readme == with_tables(readme, module), "run `python -m tests.terraform.readme_tables`"


def test_a_readme_without_tables_gets_them_at_its_end(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'variable "size" {\n  description = "How | many."\n  type = object({\n    least = number\n'
        "\n    # why\n    most  = number\n  })\n}\n\n"
        'variable "name" {\n  description = "A name."\n  type        = string\n  default     = "x"\n}\n\n'
        'output "id" {\n  description = "Its id."\n  value       = 1\n}\n'
    )
    made = with_tables("# it\n", tmp_path)
    assert "| `size` | `object({ least = number, most = number })` | must be given | How \\| many. |" in made
    assert '| `name` | `string` | `"x"` | A name. |' in made
    assert "| `id` | Its id. |" in made
    assert made == with_tables(made, tmp_path)
    assert made.startswith("# it\n\n") and made.endswith("\n")
    assert tables(tmp_path) in made


def test_a_value_of_several_lines_becomes_one() -> None:
    assert one_line("map(object({\n    a = string\n    # why\n    b = optional(list(string), [])\n  }))\n") == (
        "map(object({ a = string, b = optional(list(string), []) }))"
    )
