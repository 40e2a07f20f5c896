"""The formats that may be asked for are those that the generator's zip can write."""

import re
from pathlib import Path

from insight.orders.request import FORMATS

ROOT = Path(__file__).parents[2]
WRITERS = {"pdf": "fpdf2", "xlsx": "XlsxWriter"}
"""What a format needs beside our own code."""


def test_the_platform_offers_what_the_generator_can_write() -> None:
    module = (ROOT / "modules/report-request/variables.tf").read_text(encoding="utf-8")
    default = re.search(r'variable "formats" \{.*?default\s*= \[(.*?)\]', module, re.DOTALL)
    assert default
    offered = re.findall(r'"(\w+)"', default[1])
    shipped = (ROOT / "python/functions/report_generator/requirements.txt").read_text(encoding="utf-8")
    packages = re.findall(r"^([\w.-]+)", shipped, re.MULTILINE)
    assert offered == [name for name in FORMATS if WRITERS.get(name, packages[0]) in packages]
