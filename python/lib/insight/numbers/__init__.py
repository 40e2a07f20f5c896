"""Numbers: their definitions, the facts they are computed from, and the report that they make up."""
