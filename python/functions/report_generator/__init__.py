"""Makes usage reports: works off the request queue and publishes each report once, with its manifest last."""
