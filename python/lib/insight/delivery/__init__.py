"""Delivery: from a request to a published report, and back from the bucket to its reader."""
