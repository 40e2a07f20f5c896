mock_provider "aws" {
  source = "../testing/mocks"

  override_data {
    target = data.aws_ssm_parameter.image
    values = { value = "ami-0123456789abcdef0" }
  }

  override_data {
    target = data.aws_default_tags.this
    values = { tags = { project = "acme", environment = "prod" } }
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
    function                  = { name = "acme-prod-ecs-drain" }
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

run "the_drain_has_the_group_keep_hosts_before_the_first_can_go" {
  command = plan

  assert {
    condition     = [for call in aws_lambda_invocation.sweep : join(" ", [call.function_name, call.qualifier, call.input, call.lifecycle_scope])] == ["acme-prod-ecs-drain live {\"sweep\":true} CREATE_ONLY"]
    error_message = "Without the call the first termination that nobody answers would lose its host."
  }

  assert {
    condition     = one(aws_lambda_invocation.sweep).triggers == tomap({ group = aws_autoscaling_group.this.arn })
    error_message = "A new group needs a call of its own."
  }
}

run "a_fleet_that_lets_hosts_go_continues_when_nobody_answers" {
  command = plan

  variables {
    drain = {
      ready                     = "acme-prod-ecs-drain"
      function                  = { name = "acme-prod-ecs-drain" }
      function                  = { name = "acme-prod-ecs-drain" }
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
    condition     = length(aws_autoscaling_group.this.initial_lifecycle_hook) == 0 && length(aws_lambda_invocation.sweep) == 0 && aws_ecs_capacity_provider.this.auto_scaling_group_provider[0].managed_draining == "ENABLED"
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

run "two_regions_of_an_account_have_host_roles_of_their_own" {
  command = plan

  assert {
    condition     = aws_iam_role.host.name == "acme-prod-web-host-eu-west-1" && aws_iam_instance_profile.host.name == "acme-prod-web-host-eu-west-1"
    error_message = "IAM is global: the names of the hosts' role and profile must carry the region."
  }
}

run "a_host_role_name_over_the_limit_of_64_characters_is_refused" {
  command = plan
  variables {
    platform = { name_prefix = "a-project-name-of-length-in-an-environment", partition = "aws", region = "ap-southeast-2" }
  }
  expect_failures = [var.role]
}

run "instances_and_volumes_are_tagged_as_everything_is" {
  command = plan

  assert {
    condition     = { for one in aws_launch_template.this.tag_specifications : one.resource_type => one.tags } == { for type in ["instance", "volume"] : type => tomap({ project = "acme", environment = "prod", fleet = "web", Name = "acme-prod-web" }) }
    error_message = "The provider's default tags do not reach what a launch template makes."
  }

  assert {
    condition     = { for tag in aws_autoscaling_group.this.tag : tag.key => tag.value if tag.propagate_at_launch } == { project = "acme", environment = "prod", fleet = "web", Name = "acme-prod-web", AmazonECSManaged = "true" }
    error_message = "The group's instances carry its tags."
  }
}

run "ecs_scales_the_group_only_when_it_is_told_to" {
  command = plan

  assert {
    condition     = aws_ecs_capacity_provider.this.auto_scaling_group_provider[0].managed_scaling[0].status == "DISABLED" && output.cluster.capacity_provider == null
    error_message = "A group that nobody asked to scale stays as large as it is."
  }
}

run "a_fleet_that_scales_itself_gives_its_services_a_provider" {
  command = plan

  variables {
    managed_scaling = { target_capacity_percent = 90 }
  }

  assert {
    condition     = [for scaling in aws_ecs_capacity_provider.this.auto_scaling_group_provider[0].managed_scaling : join(" ", [scaling.status, scaling.target_capacity, scaling.maximum_scaling_step_size, scaling.instance_warmup_period])] == ["ENABLED 90 10 300"]
    error_message = "ECS must scale the group as it was told."
  }

  assert {
    condition     = output.cluster.capacity_provider == "acme-prod-web"
    error_message = "Tasks that ask no provider for hosts are not counted."
  }
}

run "a_target_above_all_hosts_is_refused" {
  command = plan

  variables {
    managed_scaling = { target_capacity_percent = 120 }
  }

  expect_failures = [var.managed_scaling]
}

run "spot_instances_come_in_several_types_beside_an_on_demand_base" {
  command = plan

  variables {
    spot = { instance_types = ["m6a.large", "m5.large"], on_demand_base = 2, on_demand_percent = 20 }
  }

  assert {
    condition     = [for one in aws_autoscaling_group.this.mixed_instances_policy[0].launch_template[0].override : one.instance_type] == ["m6i.large", "m6a.large", "m5.large"]
    error_message = "The more types, the fewer interruptions."
  }

  assert {
    condition     = aws_autoscaling_group.this.mixed_instances_policy[0].launch_template[0].launch_template_specification[0].version == "3" && length(aws_autoscaling_group.this.launch_template) == 0
    error_message = "The group must name a version by number, once."
  }

  assert {
    condition     = [for one in aws_autoscaling_group.this.mixed_instances_policy[0].instances_distribution : join(" ", [one.on_demand_base_capacity, one.on_demand_percentage_above_base_capacity, one.spot_allocation_strategy])] == ["2 20 price-capacity-optimized"]
    error_message = "The base stays On-Demand."
  }

  assert {
    condition     = aws_autoscaling_group.this.capacity_rebalance && strcontains(base64decode(aws_launch_template.this.user_data), "echo ECS_ENABLE_SPOT_INSTANCE_DRAINING=true >> /etc/ecs/ecs.config\n")
    error_message = "What AWS will take must drain before, by whoever hears of it."
  }
}

run "spot_of_one_type_or_with_nothing_spot_is_refused" {
  command = plan

  variables {
    spot = { instance_types = ["m6i.large"], on_demand_percent = 100 }
  }

  expect_failures = [var.spot]
}

run "a_shell_on_a_host_is_there_for_who_asks_for_it" {
  command = plan

  variables {
    session_manager = true
  }

  assert {
    condition     = [for one in aws_iam_role_policy_attachment.session_manager : one.policy_arn] == ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"]
    error_message = "Session Manager needs AWS's policy on the host."
  }
}

run "the_agent_joins_its_cluster_and_nobody_gets_a_shell_unasked" {
  command = plan

  assert {
    condition     = base64decode(aws_launch_template.this.user_data) == "#!/bin/sh\necho ECS_CLUSTER=acme-prod-web >> /etc/ecs/ecs.config\n" && length(aws_iam_role_policy_attachment.session_manager) == 0
    error_message = "A host must know its cluster, and no more."
  }
}
