locals {
  name = "${var.platform.name_prefix}-${var.role}"
  tags = { fleet = var.role }
}

resource "aws_ecs_cluster" "this" {
  name = local.name
  tags = local.tags

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_autoscaling_group" "this" {
  name                = local.name
  min_size            = var.minimum_size
  max_size            = var.maximum_size
  vpc_zone_identifier = var.subnet_ids

  # A number, never $Latest: what a new instance runs would otherwise change under a running group, and no roll-back
  # could tell what it ran before.
  launch_template {
    id      = aws_launch_template.this.id
    version = tostring(aws_launch_template.this.latest_version)
  }

  # Inside the group, not a resource beside it: that one would be destroyed before the group, and the last instances would
  # go without draining. The provider sets it at creation only, so nothing in it depends on what may change later.
  dynamic "initial_lifecycle_hook" {
    for_each = var.drain[*]

    content {
      name                 = initial_lifecycle_hook.value.hook
      lifecycle_transition = "autoscaling:EC2_INSTANCE_TERMINATING"
      heartbeat_timeout    = initial_lifecycle_hook.value.heartbeat_timeout_seconds
      default_result       = initial_lifecycle_hook.value.at_deadline == "keep" ? "ABANDON" : "CONTINUE"
    }
  }

  dynamic "tag" {
    # ECS adds the first one itself.
    for_each = merge(local.tags, { AmazonECSManaged = "true", Name = local.name })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  # Emptied by Terraform before it is deleted, so that its hosts drain.
  force_delete = false

  timeouts {
    delete = "${ceil(try(var.drain.deadline_seconds, 3600) / 60) + 10}m"
  }

  # Created after what drains its hosts, so destroyed before it.
  depends_on = [var.drain, aws_iam_role_policy_attachment.host]

  lifecycle {
    precondition {
      condition     = !(var.drain != null && var.managed_draining)
      error_message = "The fleet ${var.role} would be drained twice: by opsctl's hook and by ECS's managed draining. Either hook's ABANDON ends the other's wait, and tasks die with the host. Set drain = false or managed_draining = false."
    }

    precondition {
      condition     = var.drain != null || var.managed_draining
      error_message = "Nothing would drain the hosts of the fleet ${var.role}: their tasks would die with them. Set drain = true or managed_draining = true."
    }
  }
}

resource "aws_ecs_capacity_provider" "this" {
  name = local.name
  tags = local.tags

  auto_scaling_group_provider {
    auto_scaling_group_arn         = aws_autoscaling_group.this.arn
    managed_draining               = var.managed_draining ? "ENABLED" : "DISABLED"
    managed_termination_protection = "DISABLED"

    managed_scaling {
      status = "DISABLED"
    }
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = [aws_ecs_capacity_provider.this.name]

  default_capacity_provider_strategy {
    capacity_provider = aws_ecs_capacity_provider.this.name
    weight            = 1
  }
}
