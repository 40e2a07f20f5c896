mock_provider "aws" {
  source = "../testing/mocks"

  override_data {
    target = data.aws_ssm_parameter.image
    values = { value = "ami-0123456789abcdef0" }
  }
}

override_resource {
  target          = aws_autoscaling_group.this
  override_during = plan
  values          = { arn = "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:1:autoScalingGroupName/acme-prod-web" }
}

override_resource {
  target          = aws_launch_template.this
  override_during = plan
  values          = { id = "lt-0123456789abcdef0", latest_version = 3 }
}

override_resource {
  target          = aws_iam_instance_profile.host
  override_during = plan
  values          = { arn = "arn:aws:iam::123456789012:instance-profile/acme-prod-web-host" }
}

variables {
  platform     = { name_prefix = "acme-prod", partition = "aws", region = "eu-west-1" }
  role         = "web"
  maximum_size = 4
  subnet_ids   = ["subnet-1", "subnet-2"]
  drain = {
    ready                     = "acme-prod-ecs-drain"
    hook                      = "opsctl-drain"
    heartbeat_timeout_seconds = 1800
    deadline_seconds          = 3600
    at_deadline               = "keep"
  }
}

run "the_hook_lives_and_dies_with_the_group" {
  command = plan

  assert {
    condition = [
      for hook in aws_autoscaling_group.this.initial_lifecycle_hook :
      join(" ", [hook.name, hook.lifecycle_transition, hook.heartbeat_timeout, hook.default_result])
    ] == ["opsctl-drain autoscaling:EC2_INSTANCE_TERMINATING 1800 ABANDON"]
    error_message = "A hook of its own would be destroyed before the group's last instances."
  }

  assert {
    condition     = !aws_autoscaling_group.this.force_delete && aws_autoscaling_group.this.timeouts.delete == "70m"
    error_message = "Destroying must leave the hosts the time to drain."
  }
}

run "a_fleet_that_lets_hosts_go_continues_when_nobody_answers" {
  command = plan

  variables {
    drain = {
      ready                     = "acme-prod-ecs-drain"
      hook                      = "opsctl-drain"
      heartbeat_timeout_seconds = 1800
      deadline_seconds          = 3600
      at_deadline               = "let-go"
    }
  }

  assert {
    condition     = one(aws_autoscaling_group.this.initial_lifecycle_hook).default_result == "CONTINUE"
    error_message = "The hook's result by default must agree with the policy."
  }
}

run "hosts_run_a_pinned_version_with_encrypted_volumes_and_closed_metadata" {
  command = plan

  assert {
    condition     = aws_autoscaling_group.this.launch_template[0].version == "3"
    error_message = "The group must name a version by number."
  }

  assert {
    condition     = aws_launch_template.this.metadata_options[0].http_tokens == "required" && aws_launch_template.this.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "Containers must not reach the host's credentials."
  }

  assert {
    condition     = aws_launch_template.this.block_device_mappings[0].ebs[0].encrypted == "true"
    error_message = "Volumes must be encrypted."
  }
}

run "ecs_may_drain_instead" {
  command = plan

  variables {
    drain            = null
    managed_draining = true
  }

  assert {
    condition     = length(aws_autoscaling_group.this.initial_lifecycle_hook) == 0 && aws_ecs_capacity_provider.this.auto_scaling_group_provider[0].managed_draining == "ENABLED"
    error_message = "With managed draining there must be no hook of ours."
  }
}

run "both_ways_of_draining_at_once_are_refused" {
  command = plan
  variables {
    managed_draining = true
  }
  expect_failures = [aws_autoscaling_group.this]
}

run "a_fleet_that_nothing_drains_is_refused" {
  command = plan
  variables {
    drain = null
  }
  expect_failures = [aws_autoscaling_group.this]
}

run "a_fleet_without_subnets_or_room_is_refused" {
  command = plan
  variables {
    subnet_ids   = []
    minimum_size = 5
  }
  expect_failures = [var.subnet_ids, var.minimum_size]
}
