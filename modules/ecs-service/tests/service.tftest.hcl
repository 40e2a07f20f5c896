mock_provider "aws" {
  source = "../testing/mocks"
}

override_resource {
  target          = aws_ecs_task_definition.this
  override_during = plan
  values          = { arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/acme-prod-web-editor:1" }
}

variables {
  platform       = { name_prefix = "acme-prod", partition = "aws", region = "eu-west-1", account_id = "123456789012", log_retention_days = 30 }
  fleet          = { role = "web", cluster_arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/acme-prod-web" }
  role           = "editor"
  image          = "editor:1.42"
  desired_count  = 4
  container_port = 8080
}

run "tasks_are_spread_over_zones_then_hosts" {
  command = plan

  assert {
    condition     = [for strategy in aws_ecs_service.this[0].ordered_placement_strategy : strategy.field] == ["attribute:ecs.availability-zone", "instanceId"]
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
    condition     = aws_ecs_service.this[0].scheduling_strategy == "DAEMON" && aws_ecs_service.this[0].deployment_maximum_percent == 100 && aws_ecs_service.this[0].deployment_minimum_healthy_percent == 0
    error_message = "A host holds one task of a daemon."
  }

  assert {
    condition     = length(aws_ecs_service.this[0].ordered_placement_strategy) == 0
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
    condition     = aws_ecs_service.this[0].deployment_minimum_healthy_percent == 0
    error_message = "Whoever wants no second task beside the first must be able to say so."
  }
}

run "a_service_behind_a_load_balancer_registers_its_port_and_is_given_time" {
  command = plan

  variables {
    load_balancer = { target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/editor/73e2d6bc24d8a067" }
  }

  assert {
    condition     = [for one in aws_ecs_service.this[0].load_balancer : join(" ", [one.container_name, one.container_port, one.target_group_arn])] == ["editor 8080 arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/editor/73e2d6bc24d8a067"]
    error_message = "The target group must get the container's port."
  }

  assert {
    condition     = aws_ecs_service.this[0].health_check_grace_period_seconds == 60
    error_message = "A new task must have time to become healthy."
  }
}

run "a_service_behind_a_load_balancer_that_listens_nowhere_is_refused" {
  command = plan

  variables {
    container_port = null
    load_balancer  = { target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/editor/73e2d6bc24d8a067" }
  }

  expect_failures = [aws_ecs_service.this[0]]
}

run "a_load_balancer_that_is_no_target_group_is_refused" {
  command = plan

  variables {
    load_balancer = { target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188" }
  }

  expect_failures = [var.load_balancer]
}

run "containers_may_do_what_is_said_as_a_role_of_their_own" {
  command = plan

  variables {
    statements = {
      ReadDocuments = { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::acme-documents/*"] }
    }
  }

  assert {
    condition     = output.permissions == { ReadDocuments = "s3:GetObject arn:aws:s3:::acme-documents/*" }
    error_message = "The role must allow that and no more."
  }

  assert {
    condition     = aws_iam_role.task[0].name == "acme-prod-web-editor-task-eu-west-1" && aws_ecs_task_definition.this.task_role_arn == aws_iam_role.task[0].arn
    error_message = "The task must run as its own role, of its own region."
  }

  assert {
    condition     = { for condition in data.aws_iam_policy_document.assume_task.statement[0].condition : condition.variable => one(condition.values) } == { "aws:SourceAccount" = "123456789012", "aws:SourceArn" = "arn:aws:ecs:eu-west-1:123456789012:*" }
    error_message = "No other account's ECS may use the role."
  }
}

run "a_service_that_calls_nothing_and_knows_no_secret_has_no_role" {
  command = plan

  assert {
    condition     = length(aws_iam_role.task) == 0 && length(aws_iam_role.execution) == 0 && output.permissions == {}
    error_message = "A role that allows nothing is one more thing to explain."
  }
}

run "a_wildcard_among_the_permissions_is_refused" {
  command = plan

  variables {
    statements = { DoAnything = { actions = ["s3:*"], resources = ["*"] } }
  }

  expect_failures = [var.statements]
}

run "secrets_reach_the_container_by_name_and_only_they_may_be_read" {
  command = plan

  variables {
    environment = { STAGE = "prod", LOG_LEVEL = "info" }
    secrets = {
      DATABASE_PASSWORD = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:editor-AbCdEf:password::"
      DATABASE_USER     = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:editor-AbCdEf:user::"
      API_KEY           = "arn:aws:ssm:eu-west-1:123456789012:parameter/editor/api-key"
    }
    secret_key_arns = ["arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"]
  }

  assert {
    condition = output.permissions == {
      ReadOwnParameters = "ssm:GetParameters arn:aws:ssm:eu-west-1:123456789012:parameter/editor/api-key"
      ReadOwnSecrets    = "secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-1:123456789012:secret:editor-AbCdEf"
      DecryptOwnSecrets = "kms:Decrypt arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    }
    error_message = "What starts the task must read exactly its secrets."
  }

  assert {
    condition     = tomap({ for one in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].secrets : one.name => one.valueFrom }) == var.secrets
    error_message = "The container must get each secret by its name."
  }

  assert {
    condition     = [for one in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment : "${one.name}=${one.value}"] == ["LOG_LEVEL=info", "STAGE=prod"]
    error_message = "The container must get its plain variables."
  }

  assert {
    condition     = aws_ecs_task_definition.this.execution_role_arn == aws_iam_role.execution[0].arn && aws_iam_role_policy_attachment.execution[0].policy_arn == "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    error_message = "What starts the task reads the secrets, and may pull the image."
  }
}

run "a_secret_in_plain_text_is_refused" {
  command = plan

  variables {
    secrets = { API_KEY = "s3cr3t" }
  }

  expect_failures = [var.secrets]
}

run "a_variable_that_is_plain_and_secret_at_once_is_refused" {
  command = plan

  variables {
    environment = { API_KEY = "none" }
    secrets     = { API_KEY = "arn:aws:ssm:eu-west-1:123456789012:parameter/editor/api-key" }
  }

  expect_failures = [aws_ecs_task_definition.this]
}

run "a_container_says_itself_whether_it_is_healthy" {
  command = plan

  variables {
    health_check = { command = ["CMD-SHELL", "curl -f http://localhost:8080/ || exit 1"], start_period_seconds = 20 }
  }

  assert {
    condition     = jsonencode(jsondecode(aws_ecs_task_definition.this.container_definitions)[0].healthCheck) == jsonencode({ command = ["CMD-SHELL", "curl -f http://localhost:8080/ || exit 1"], interval = 30, retries = 3, startPeriod = 20, timeout = 5 })
    error_message = "ECS must ask the container."
  }
}

run "a_health_check_that_ecs_would_refuse_is_refused" {
  command = plan

  variables {
    health_check = { command = ["curl", "-f", "http://localhost:8080/"], interval_seconds = 1 }
  }

  expect_failures = [var.health_check]
}

run "what_ran_before_stays_registered_and_a_failed_deployment_goes_back_to_it" {
  command = plan

  assert {
    condition     = aws_ecs_task_definition.this.skip_destroy
    error_message = "A roll-back needs the definition of before."
  }

  assert {
    condition     = aws_ecs_service.this[0].deployment_circuit_breaker[0].enable && aws_ecs_service.this[0].deployment_circuit_breaker[0].rollback
    error_message = "A deployment whose tasks fail must go back by itself."
  }
}

run "a_scaled_service_aims_at_its_cpu_between_its_bounds" {
  command = plan

  variables {
    scaling = { minimum = 2, maximum = 10 }
  }

  assert {
    condition     = length(aws_ecs_service.this) == 0 && aws_ecs_service.scaled[0].desired_count == 2
    error_message = "The service begins with its minimum."
  }

  assert {
    condition     = join(" ", [aws_appautoscaling_target.this[0].resource_id, aws_appautoscaling_target.this[0].min_capacity, aws_appautoscaling_target.this[0].max_capacity]) == "service/acme-prod-web/editor 2 10"
    error_message = "The bounds belong to this service."
  }

  assert {
    condition     = aws_appautoscaling_policy.cpu[0].target_tracking_scaling_policy_configuration[0].target_value == 60
    error_message = "The service aims at 60 per cent of its CPU unless something else is said."
  }
}

run "a_daemon_that_should_scale_is_refused" {
  command = plan

  variables {
    daemon  = true
    scaling = { minimum = 2, maximum = 10 }
  }

  expect_failures = [aws_ecs_service.scaled[0]]
}

run "bounds_that_cannot_be_are_refused" {
  command = plan

  variables {
    scaling = { minimum = 0, maximum = 10 }
  }

  expect_failures = [var.scaling]
}

run "on_a_fleet_that_scales_itself_tasks_ask_its_capacity_provider_for_hosts" {
  command = plan

  variables {
    fleet = { role = "web", cluster_arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/acme-prod-web", capacity_provider = "acme-prod-web" }
  }

  assert {
    condition     = one(aws_ecs_service.this[0].capacity_provider_strategy).capacity_provider == "acme-prod-web"
    error_message = "Managed scaling sees only the tasks of its provider."
  }
}

run "a_long_name_makes_a_role_that_iam_takes" {
  command = plan

  variables {
    role       = "a-service-whose-name-is-forty-letters-lo"
    statements = { ReadDocuments = { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::acme-documents/*"] } }
    platform   = { name_prefix = "acme-prod", partition = "aws", region = "ap-northeast-1", account_id = "123456789012", log_retention_days = 30 }
  }

  assert {
    condition     = length(aws_iam_role.task[0].name) <= 64 && endswith(aws_iam_role.task[0].name, "-task-ap-northeast-1")
    error_message = "The name of a role has 64 characters at most."
  }
}
