"""Looking at queues and at the messages in them, and leaving both as they were."""
