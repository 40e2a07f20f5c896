"""AWS: the calls that draining makes, to ECS, Auto Scaling, CloudWatch and its table of drains."""
