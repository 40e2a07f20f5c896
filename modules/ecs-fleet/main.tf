locals {
  name = "${var.platform.name_prefix}-${var.role}"
  tags = { fleet = var.role }

  # What the provider gives everything by default does not reach what a launch template or a group makes.
  host_tags = merge(data.aws_default_tags.this.tags, local.tags, { Name = local.name })
}

data "aws_default_tags" "this" {}

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
  dynamic "launch_template" {
    for_each = var.spot == null ? [tostring(aws_launch_template.this.latest_version)] : []

    content {
      id      = aws_launch_template.this.id
      version = launch_template.value
    }
  }

  dynamic "mixed_instances_policy" {
    for_each = var.spot[*]

    content {
      launch_template {
        launch_template_specification {
          launch_template_id = aws_launch_template.this.id
          version            = tostring(aws_launch_template.this.latest_version)
        }

        dynamic "override" {
          for_each = distinct(concat([var.instance_type], mixed_instances_policy.value.instance_types))

          content {
            instance_type = override.value
          }
        }
      }

      instances_distribution {
        on_demand_base_capacity                  = mixed_instances_policy.value.on_demand_base
        on_demand_percentage_above_base_capacity = mixed_instances_policy.value.on_demand_percent
        on_demand_allocation_strategy            = "prioritized"
        spot_allocation_strategy                 = mixed_instances_policy.value.allocation_strategy
      }
    }
  }

  # A spot instance that AWS is likely to take is replaced before, and drains with the time of a termination.
  capacity_rebalance = var.spot != null

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
    for_each = merge(local.host_tags, { AmazonECSManaged = "true" })

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

# The provider's group knows no instance lifecycle policy, and without one a hook that times out terminates whatever its
# default result says. The drain's sweep sets the policy; this one does so before the first host can go, and a failure of
# it fails the apply. Destroying it calls nothing.
resource "aws_lambda_invocation" "sweep" {
  count = var.drain != null ? 1 : 0

  function_name   = var.drain.function.name
  qualifier       = "live"
  input           = jsonencode({ sweep = true })
  lifecycle_scope = "CREATE_ONLY"
  triggers        = { group = aws_autoscaling_group.this.arn }
}

resource "aws_ecs_capacity_provider" "this" {
  name = local.name
  tags = local.tags

  auto_scaling_group_provider {
    auto_scaling_group_arn         = aws_autoscaling_group.this.arn
    managed_draining               = var.managed_draining ? "ENABLED" : "DISABLED"
    managed_termination_protection = "DISABLED"

    # Hosts that go are drained: nothing has to protect those that have tasks.
    managed_scaling {
      status                    = var.managed_scaling == null ? "DISABLED" : "ENABLED"
      target_capacity           = try(var.managed_scaling.target_capacity_percent, null)
      maximum_scaling_step_size = try(var.managed_scaling.largest_step, null)
      instance_warmup_period    = try(var.managed_scaling.warmup_seconds, null)
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
