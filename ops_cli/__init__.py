"""opsctl: what is deployed, what is wrong, and what to do about it, from one prompt."""

__version__ = "0.1.0"
