"""The facts that every number is made of: one SQL, computed by DuckDB here or by Athena there."""
