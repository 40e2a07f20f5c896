output "cluster" {
  description = "The cluster as services need it: name, ARN, and the capacity provider that they ask for hosts, null without managed scaling. It waits for the provider."
  value = {
    name              = aws_ecs_cluster.this.name
    arn               = aws_ecs_cluster.this.arn
    capacity_provider = var.managed_scaling == null ? null : local.name
  }

  depends_on = [aws_ecs_cluster_capacity_providers.this]
}

output "stack" {
  description = "The fleet's part of the stack description."
  value = {
    fleets = { (var.role) = { name = aws_autoscaling_group.this.name, cluster = aws_ecs_cluster.this.name } }
  }
}
