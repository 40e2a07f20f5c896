locals {
  # Daemons cannot run twice on a host, so one must go before its successor comes.
  percents = var.daemon ? { minimum = 0, maximum = 100 } : { minimum = var.minimum_healthy_percent, maximum = var.maximum_percent }

  family = "${var.platform.name_prefix}-${var.fleet.role}-${var.role}"
  tags   = { fleet = var.fleet.role, service = var.role }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/ecs/${local.family}"
  retention_in_days = var.platform.log_retention_days
  tags              = local.tags
}

resource "aws_ecs_task_definition" "this" {
  family                   = local.family
  requires_compatibilities = ["EC2"]
  network_mode             = "bridge"

  container_definitions = jsonencode([merge(
    {
      name         = var.role
      image        = var.image
      cpu          = var.cpu_units
      memory       = var.memory_mb
      essential    = true
      stopTimeout  = var.stop_timeout_seconds
      portMappings = [for port in var.container_port[*] : { containerPort = port, hostPort = 0, protocol = "tcp" }]

      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.this.name
          awslogs-region        = var.platform.region
          awslogs-stream-prefix = "task"
        }
      }
    },
    var.command == null ? {} : { command = var.command },
  )])

  tags = local.tags
}

resource "aws_ecs_service" "this" {
  name                               = var.role
  cluster                            = var.fleet.cluster_arn
  task_definition                    = aws_ecs_task_definition.this.arn
  launch_type                        = "EC2"
  scheduling_strategy                = var.daemon ? "DAEMON" : "REPLICA"
  desired_count                      = var.daemon ? null : var.desired_count
  deployment_minimum_healthy_percent = local.percents.minimum
  deployment_maximum_percent         = local.percents.maximum
  propagate_tags                     = "SERVICE"
  tags                               = local.tags

  # Zones first, then hosts: a zone or a host that goes takes as few tasks of a service as can be.
  dynamic "ordered_placement_strategy" {
    for_each = var.daemon ? [] : ["attribute:ecs.availability-zone", "instanceId"]

    content {
      type  = "spread"
      field = ordered_placement_strategy.value
    }
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  lifecycle {
    precondition {
      condition     = local.percents.maximum > 100 || local.percents.minimum < 100
      error_message = "The service ${var.role} could never leave a draining host: with both percentages at 100, ECS may neither stop a task nor start one. Raise maximum_percent or lower minimum_healthy_percent."
    }
  }
}
