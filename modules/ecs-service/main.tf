locals {
  # Daemons cannot run twice on a host, so one must go before its successor comes.
  percents = var.daemon ? { minimum = 0, maximum = 100 } : { minimum = var.minimum_healthy_percent, maximum = var.maximum_percent }

  family = "${var.platform.name_prefix}-${var.fleet.role}-${var.role}"
  tags   = { fleet = var.fleet.role, service = var.role }

  # Zones first, then hosts: a zone or a host that goes takes as few tasks of a service as can be.
  spread = var.daemon ? [] : ["attribute:ecs.availability-zone", "instanceId"]

  # ECS refuses providers for daemons; without one, tasks count for no managed scaling.
  provider = var.daemon ? null : var.fleet.capacity_provider

  never_leaves = "The service ${var.role} could never leave a draining host: with both percentages at 100, ECS may neither stop a task nor start one. Raise maximum_percent or lower minimum_healthy_percent."
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
  task_role_arn            = one(aws_iam_role.task[*].arn)
  execution_role_arn       = one(aws_iam_role.execution[*].arn)

  # What ran before stays registered: a deployment that fails rolls back to it, and tasks of it can be started again.
  skip_destroy = true

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
    # In the order of their names, as ECS gives them back.
    length(var.environment) == 0 ? {} : { environment = [for name, value in var.environment : { name = name, value = value }] },
    length(var.secrets) == 0 ? {} : { secrets = [for name, arn in var.secrets : { name = name, valueFrom = arn }] },
    var.health_check == null ? {} : {
      healthCheck = {
        command     = var.health_check.command
        interval    = var.health_check.interval_seconds
        timeout     = var.health_check.timeout_seconds
        retries     = var.health_check.retries
        startPeriod = var.health_check.start_period_seconds
      }
    },
  )])

  tags = local.tags

  lifecycle {
    precondition {
      condition     = length(setintersection(keys(var.environment), keys(var.secrets))) == 0
      error_message = "A variable of the service ${var.role} is in environment and in secrets: ${join(", ", setintersection(keys(var.environment), keys(var.secrets)))}. ECS would take one of them without a word."
    }
  }
}
