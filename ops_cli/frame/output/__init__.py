"""Everything that is printed: plain data, columns, tables and screens that fit, formats for programs, safe text.

Commands import from here and print in no other way. Data goes to stdout, talk to stderr.
"""

from ops_cli.frame.output.columns import Column, Columns, sized
from ops_cli.frame.output.plain import to_plain
from ops_cli.frame.output.safe_text import printable
from ops_cli.frame.output.sections import Section, emit_screen
from ops_cli.frame.output.show import emit
from ops_cli.frame.output.stream import Stream, emit_line, emit_lines
from ops_cli.frame.output.table import Paint
from ops_cli.frame.output.terminal import Screen, screen, showing_on
from ops_cli.frame.output.width import clip, width, wrap
from ops_cli.frame.output.writing import Parts, RewrittenLine, complain, note

__all__ = [
    "Column",
    "Columns",
    "Paint",
    "Parts",
    "RewrittenLine",
    "Screen",
    "Section",
    "Stream",
    "clip",
    "complain",
    "emit",
    "emit_line",
    "emit_lines",
    "emit_screen",
    "note",
    "printable",
    "screen",
    "showing_on",
    "sized",
    "to_plain",
    "width",
    "wrap",
]
