"""The PDF: there when its extra is, refused with the reason when not."""

import builtins
import re
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from insight.numbers.report import Report
from insight.render import pdf as render_pdf


def test_equal_reports_are_equal_bytes(report_with: Callable[..., Report]) -> None:
    pytest.importorskip("fpdf", reason="the pdf extra is not installed")
    first = render_pdf.render(report_with(name="Zoë & Søn 東京", users=50))
    assert first.startswith(b"%PDF-")
    assert first == render_pdf.render(report_with(name="Zoë & Søn 東京", users=50))


def texts(content: bytes) -> str:
    """Return what is drawn on the pages."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    return "".join(zlib.decompress(stream).decode("latin-1") for stream in streams if stream.startswith(b"x"))


def test_letters_that_its_fonts_lack_are_told(report_with: Callable[..., Report]) -> None:
    pytest.importorskip("fpdf", reason="the pdf extra is not installed")
    told = "Letters that the fonts of this file lack"
    assert told in texts(render_pdf.render(report_with(name="東京", users=1)))
    plain = texts(render_pdf.render(report_with(name="Zoë", users=37)))
    assert told not in plain
    assert "Zo\xeb" in plain
    assert "12 rows read, 9 counted" in plain
    assert "20 of 37 rows" in plain


def test_without_its_extra_it_is_refused_in_words(
    report_with: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "fpdf":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(render_pdf.PdfUnavailable, match="`pdf` extra is not installed"):
        render_pdf.render(report_with())
