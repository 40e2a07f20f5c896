"""ECS: clusters with container instances and their agents, placement, tasks, services, capacity providers."""
