"""Auto Scaling: groups and how they read, their members, lifecycle hooks, instance refreshes, scale-in, activities."""
