"""The function: what the Lambda does with its queue, at each tick of its poller, and on its schedule."""
