"""Makes usage reports: takes requests from the queue and publishes each report once, its manifest last."""
