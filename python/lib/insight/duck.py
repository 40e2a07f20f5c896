"""DuckDB connections as a Lambda function can have them: bounded memory, one folder, nothing downloaded."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT = "200MB"
"""DuckDB's own; the process has about as much again. What does not fit is spilled to the folder."""


def connect(folder: Path) -> "duckdb.DuckDBPyConnection":
    """Open an in-memory database that may read and write files in `folder` alone."""
    import duckdb

    settings: dict[str, Any] = {
        "home_directory": str(folder),
        "temp_directory": str(folder / "spill"),
        "memory_limit": MEMORY_LIMIT,
        "preserve_insertion_order": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(config=settings)
    connection.execute(f"SET allowed_directories = ['{folder}']")
    connection.execute("SET enable_external_access = false")
    return connection
