mock_provider "aws" {
  source = "../testing/mocks"
}

override_resource {
  target          = aws_ecs_task_definition.this
  override_during = plan
  values          = { arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/acme-prod-web-editor:1" }
}

variables {
  platform       = { name_prefix = "acme-prod", region = "eu-west-1", log_retention_days = 30 }
  fleet          = { role = "web", cluster_arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/acme-prod-web" }
  role           = "editor"
  image          = "editor:1.42"
  desired_count  = 4
  container_port = 8080
}

run "tasks_are_spread_over_zones_then_hosts" {
  command = plan

  assert {
    condition     = [for strategy in aws_ecs_service.this.ordered_placement_strategy : strategy.field] == ["attribute:ecs.availability-zone", "instanceId"]
    error_message = "A zone or a host that goes must take as few tasks of a service as can be."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].portMappings[0].hostPort == 0
    error_message = "A fixed port would let one task of a service on a host, and block its drain."
  }
}

run "a_daemon_goes_before_its_successor_comes" {
  command = plan

  variables {
    daemon = true
  }

  assert {
    condition     = aws_ecs_service.this.scheduling_strategy == "DAEMON" && aws_ecs_service.this.deployment_maximum_percent == 100 && aws_ecs_service.this.deployment_minimum_healthy_percent == 0
    error_message = "A host holds one task of a daemon."
  }

  assert {
    condition     = length(aws_ecs_service.this.ordered_placement_strategy) == 0
    error_message = "ECS refuses placement strategies for daemons."
  }
}

run "a_service_that_could_never_leave_a_host_is_refused" {
  command = plan

  variables {
    minimum_healthy_percent = 100
    maximum_percent         = 100
  }

  expect_failures = [aws_ecs_service.this]
}

run "a_group_of_one_may_go_down_before_it_comes_up_again" {
  command = plan

  variables {
    desired_count           = 1
    minimum_healthy_percent = 0
    maximum_percent         = 100
  }

  assert {
    condition     = aws_ecs_service.this.deployment_minimum_healthy_percent == 0
    error_message = "Whoever wants no second task beside the first must be able to say so."
  }
}
