"""Logs of functions: our own structured lines, events read from CloudWatch, and the lines of whoever wrote them."""
