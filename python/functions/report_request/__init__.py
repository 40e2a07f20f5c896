"""Takes orders for usage reports: checks them, gives each report its id and puts the request on the queue."""
