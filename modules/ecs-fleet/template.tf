data "aws_ssm_parameter" "image" {
  name = var.image_parameter
}

locals {
  # The agent hears of a spot interruption on the host itself, also when nothing of ours hears of it.
  agent = concat(
    ["ECS_CLUSTER=${aws_ecs_cluster.this.name}"],
    var.spot == null ? [] : ["ECS_ENABLE_SPOT_INSTANCE_DRAINING=true"],
  )
}

resource "aws_launch_template" "this" {
  name          = local.name
  image_id      = nonsensitive(data.aws_ssm_parameter.image.value)
  instance_type = var.instance_type
  ebs_optimized = true
  user_data     = base64encode(join("\n", concat(["#!/bin/sh"], [for line in local.agent : "echo ${line} >> /etc/ecs/ecs.config"], [""])))
  tags          = local.tags

  vpc_security_group_ids = var.security_group_ids

  iam_instance_profile {
    arn = aws_iam_instance_profile.host.arn
  }

  # One hop: a container on a bridge network cannot reach the host's credentials.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      encrypted             = true
      volume_size           = var.volume_gb
      volume_type           = "gp3"
      delete_on_termination = true
    }
  }

  dynamic "tag_specifications" {
    for_each = ["instance", "volume"]

    content {
      resource_type = tag_specifications.value
      tags          = local.host_tags
    }
  }

  # A new AMI is rolled out, not applied: the parameter's value changes on its own, and the hosts would be of two kinds.
  lifecycle {
    ignore_changes = [image_id]
  }
}
