"""A report as people and programs read it: page, workbook, PDF, CSV, JSON."""
