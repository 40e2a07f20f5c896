# Twice the same service but for its last lines: what Terraform ignores cannot hang on a variable, and the number of tasks
# belongs to whoever scales. README.md says how to go from one to the other.
resource "aws_ecs_service" "this" {
  count = var.scaling == null ? 1 : 0

  name                               = var.role
  cluster                            = var.fleet.cluster_arn
  task_definition                    = aws_ecs_task_definition.this.arn
  launch_type                        = local.provider == null ? "EC2" : null
  scheduling_strategy                = var.daemon ? "DAEMON" : "REPLICA"
  desired_count                      = var.daemon ? null : var.desired_count
  deployment_minimum_healthy_percent = local.percents.minimum
  deployment_maximum_percent         = local.percents.maximum
  health_check_grace_period_seconds  = try(var.load_balancer.health_check_grace_seconds, null)
  propagate_tags                     = "SERVICE"
  tags                               = local.tags

  dynamic "capacity_provider_strategy" {
    for_each = local.provider[*]

    content {
      capacity_provider = capacity_provider_strategy.value
      weight            = 1
    }
  }

  dynamic "load_balancer" {
    for_each = var.load_balancer[*]

    content {
      target_group_arn = load_balancer.value.target_group_arn
      container_name   = var.role
      container_port   = var.container_port
    }
  }

  dynamic "ordered_placement_strategy" {
    for_each = local.spread

    content {
      type  = "spread"
      field = ordered_placement_strategy.value
    }
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  # A task that starts before its role may read the secrets fails.
  depends_on = [aws_iam_role_policy.task, aws_iam_role_policy.execution, aws_iam_role_policy_attachment.execution]

  lifecycle {
    precondition {
      condition     = local.percents.maximum > 100 || local.percents.minimum < 100
      error_message = local.never_leaves
    }

    precondition {
      condition     = var.load_balancer == null || var.container_port != null
      error_message = "The service ${var.role} is behind a load balancer and listens nowhere: set container_port."
    }
  }
}

resource "aws_ecs_service" "scaled" {
  count = var.scaling == null ? 0 : 1

  name                               = var.role
  cluster                            = var.fleet.cluster_arn
  task_definition                    = aws_ecs_task_definition.this.arn
  launch_type                        = local.provider == null ? "EC2" : null
  scheduling_strategy                = "REPLICA"
  desired_count                      = var.scaling.minimum
  deployment_minimum_healthy_percent = local.percents.minimum
  deployment_maximum_percent         = local.percents.maximum
  health_check_grace_period_seconds  = try(var.load_balancer.health_check_grace_seconds, null)
  propagate_tags                     = "SERVICE"
  tags                               = local.tags

  dynamic "capacity_provider_strategy" {
    for_each = local.provider[*]

    content {
      capacity_provider = capacity_provider_strategy.value
      weight            = 1
    }
  }

  dynamic "load_balancer" {
    for_each = var.load_balancer[*]

    content {
      target_group_arn = load_balancer.value.target_group_arn
      container_name   = var.role
      container_port   = var.container_port
    }
  }

  dynamic "ordered_placement_strategy" {
    for_each = local.spread

    content {
      type  = "spread"
      field = ordered_placement_strategy.value
    }
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  depends_on = [aws_iam_role_policy.task, aws_iam_role_policy.execution, aws_iam_role_policy_attachment.execution]

  lifecycle {
    ignore_changes = [desired_count]

    precondition {
      condition     = !var.daemon
      error_message = "The daemon ${var.role} cannot scale: it has one task on every host. Leave scaling out."
    }

    precondition {
      condition     = local.percents.maximum > 100 || local.percents.minimum < 100
      error_message = local.never_leaves
    }

    precondition {
      condition     = var.load_balancer == null || var.container_port != null
      error_message = "The service ${var.role} is behind a load balancer and listens nowhere: set container_port."
    }
  }
}

resource "aws_appautoscaling_target" "this" {
  count = var.scaling == null ? 0 : 1

  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${element(split("/", var.fleet.cluster_arn), 1)}/${aws_ecs_service.scaled[0].name}"
  min_capacity       = var.scaling.minimum
  max_capacity       = var.scaling.maximum
  tags               = local.tags
}

resource "aws_appautoscaling_policy" "cpu" {
  count = var.scaling == null ? 0 : 1

  name               = "${local.family}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.this[0].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.scaling.cpu_percent
    scale_in_cooldown  = var.scaling.scale_in_cooldown_seconds
    scale_out_cooldown = var.scaling.scale_out_cooldown_seconds

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
