mock_provider "aws" {
  source = "../testing/mocks"
}

override_resource {
  target          = module.queue.aws_sqs_queue.dead_letter
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:acme-prod-drain-events-dead-letter"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-prod-drain-events-dead-letter"
  }
}

override_resource {
  target          = module.queue.aws_sqs_queue.this
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:acme-prod-drain-events"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-prod-drain-events"
  }
}

override_resource {
  target          = aws_cloudwatch_event_rule.sweep
  override_during = plan
  values          = { arn = "arn:aws:events:eu-west-1:123456789012:rule/acme-prod-ecs-drain-sweep" }
}

override_resource {
  target          = aws_sfn_state_machine.poller
  override_during = plan
  values          = { arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:acme-prod-ecs-drain-poller" }
}

variables {
  platform = {
    name_prefix        = "acme-prod"
    partition          = "aws"
    region             = "eu-west-1"
    account_id         = "123456789012"
    force_destroy      = false
    log_retention_days = 30
    alarm_topic_arns   = ["arn:aws:sns:eu-west-1:123456789012:acme-prod-alerts"]
  }
  code = {
    bucket       = "acme-artifacts"
    s3_key       = "lambda/ecs-drain/abc123.zip"
    key          = "abc123"
    handler      = "ecs_drain.handler.handle"
    runtime      = "python3.13"
    architecture = "arm64"
  }
  fleets = {
    acme-prod-web = {
      cluster                   = "acme-prod-web"
      hook                      = "opsctl-drain"
      deadline_seconds          = 3600
      at_deadline               = "let-go"
      standalone                = "wait"
      stop_after_seconds        = 900
      heartbeat_timeout_seconds = 1800
    }
  }
}

run "the_role_may_do_what_the_drain_does_and_no_more" {
  command = plan

  assert {
    condition = output.permissions == {
      KeepRecordsOfDrains        = "dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:123456789012:table/mocked arn:aws:dynamodb:eu-west-1:123456789012:table/mocked/index/*"
      FindHosts                  = "ecs:ListContainerInstances arn:aws:ecs:eu-west-1:123456789012:cluster/acme-prod-web"
      DrainHosts                 = "ecs:DescribeContainerInstances ecs:ListTasks ecs:UpdateContainerInstancesState arn:aws:ecs:eu-west-1:123456789012:container-instance/acme-prod-web/*"
      FindTasksThatDied          = "ecs:ListTasks * if ecs:cluster arn:aws:ecs:eu-west-1:123456789012:cluster/acme-prod-web"
      WatchAndStopTasks          = "ecs:DescribeTasks ecs:StopTask arn:aws:ecs:eu-west-1:123456789012:task/acme-prod-web/*"
      SeeWhatBlocks              = "ecs:DescribeServices arn:aws:ecs:eu-west-1:123456789012:service/acme-prod-web/*"
      KeepHooksAsTheirFleetsSay  = "autoscaling:PutLifecycleHook arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/acme-prod-web"
      HoldAndReleaseTerminations = "autoscaling:CompleteLifecycleAction autoscaling:RecordLifecycleActionHeartbeat arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/acme-prod-web"
      FindInstances              = "autoscaling:DescribeAutoScalingGroups autoscaling:DescribeAutoScalingInstances autoscaling:DescribeLifecycleHooks ec2:DescribeInstances *"
      CountForAlarms             = "cloudwatch:PutMetricData * if cloudwatch:namespace opsctl/draining"
      StartPollers               = "states:StartExecution arn:aws:states:eu-west-1:123456789012:stateMachine:acme-prod-ecs-drain-poller"
      TakeMessages               = "sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage arn:aws:sqs:eu-west-1:123456789012:acme-prod-drain-events"
      PutOffRetries              = "sqs:ChangeMessageVisibility arn:aws:sqs:eu-west-1:123456789012:acme-prod-drain-events"
      WriteOwnLogs               = "logs:CreateLogStream logs:PutLogEvents arn:aws:logs:eu-west-1:123456789012:log-group:mocked:*"
      WriteTraces                = "xray:PutTelemetryRecords xray:PutTraceSegments *"
    }
    error_message = "The drain's permissions changed: is that what its drivers need?"
  }
}

run "only_a_fleet_that_keeps_hosts_lets_the_drain_change_its_group" {
  command = plan

  variables {
    fleets = {
      acme-prod-web = {
        cluster                   = "acme-prod-web"
        hook                      = "opsctl-drain"
        deadline_seconds          = 3600
        at_deadline               = "keep"
        standalone                = "wait"
        stop_after_seconds        = 900
        heartbeat_timeout_seconds = 1800
      }
    }
  }

  assert {
    condition     = output.permissions["KeepHostsAtTheDeadline"] == "autoscaling:UpdateAutoScalingGroup arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:*:autoScalingGroupName/acme-prod-web"
    error_message = "Keeping a host needs its group's retention."
  }
}

run "the_events_of_the_fleets_and_of_no_other_group_reach_the_queue" {
  command = plan

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this["terminations"].event_pattern).detail.AutoScalingGroupName == ["acme-prod-web"]
    error_message = "Another group's terminations are none of this service's business."
  }

  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.this : target.dead_letter_config[0].arn == "arn:aws:sqs:eu-west-1:123456789012:acme-prod-drain-events-dead-letter"])
    error_message = "An event that cannot be delivered must not be lost."
  }
}

run "what_the_poller_fails_at_is_logged_and_its_role_may_log_it" {
  command = plan

  assert {
    condition     = [for logging in aws_sfn_state_machine.poller.logging_configuration : join(" ", [logging.level, tostring(logging.include_execution_data), logging.log_destination])] == ["ERROR false arn:aws:logs:eu-west-1:123456789012:log-group:mocked:*"]
    error_message = "An execution that AWS ended must leave a line somewhere."
  }

  assert {
    condition     = aws_cloudwatch_log_group.poller.name == "/aws/vendedlogs/states/acme-prod-ecs-drain-poller" && aws_cloudwatch_log_group.poller.retention_in_days == 30
    error_message = "The log group must have AWS's prefix for delivered logs, and end."
  }

  assert {
    condition     = sort(one([for statement in data.aws_iam_policy_document.poller.statement : statement.actions if statement.sid == "DeliverOwnLogs"])) == sort(["logs:CreateLogDelivery", "logs:CreateLogStream", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery", "logs:ListLogDeliveries", "logs:PutLogEvents", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"])
    error_message = "These are the permissions that AWS's guide names for logging."
  }
}

run "only_this_state_machine_of_this_account_runs_as_the_pollers_role" {
  command = plan

  assert {
    condition     = { for condition in data.aws_iam_policy_document.assume_poller.statement[0].condition : condition.variable => one(condition.values) } == { "aws:SourceAccount" = "123456789012", "aws:SourceArn" = "arn:aws:states:eu-west-1:123456789012:stateMachine:acme-prod-ecs-drain-poller" }
    error_message = "Step Functions must not use the role for anybody else."
  }
}

run "the_poller_looks_as_often_as_the_drain_expects" {
  command = plan

  assert {
    condition     = jsondecode(aws_sfn_state_machine.poller.definition).States.Wait.Seconds == 15
    error_message = "The code counts on a look every 15 seconds (opscore.draining.policy.POLL_SECONDS)."
  }

  assert {
    condition     = aws_cloudwatch_event_rule.sweep.schedule_expression == "rate(1 minute)"
    error_message = "The code counts on a sweep every minute (opscore.draining.policy.SWEEP_SECONDS)."
  }
}

run "stuck_drains_and_kills_raise_alarms_that_name_the_next_command" {
  command = plan

  assert {
    condition = alltrue([
      for alarm in values(aws_cloudwatch_metric_alarm.this) :
      strcontains(alarm.alarm_description, "Next: opsctl drained") && alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:acme-prod-alerts"])
    ])
    error_message = "An alarm must reach the topic and say what to do."
  }
}

run "open_drains_have_an_index_of_their_own_and_closed_ones_expire" {
  command = plan

  assert {
    condition     = toset([for index in aws_dynamodb_table.drains.global_secondary_index : index.name]) == toset(["open", "by-cluster"])
    error_message = "The code reads these indexes (opscore.draining.aws.drain_table)."
  }

  assert {
    condition     = aws_dynamodb_table.drains.ttl[0].attribute_name == "expires" && aws_dynamodb_table.drains.ttl[0].enabled
    error_message = "The audit must not grow for ever."
  }
}

run "a_deadline_that_aws_would_not_wait_for_is_refused" {
  command = plan

  variables {
    fleets = {
      acme-prod-web = {
        cluster                   = "acme-prod-web"
        hook                      = "opsctl-drain"
        deadline_seconds          = 30000
        at_deadline               = "later"
        standalone                = "shoot"
        stop_after_seconds        = 900
        heartbeat_timeout_seconds = 300
      }
    }
  }

  expect_failures = [var.fleets]
}

run "only_state_machines_of_this_account_may_take_the_pollers_role_which_carries_the_region" {
  command = plan

  assert {
    condition     = { for one in data.aws_iam_policy_document.assume_poller.statement[0].condition : one.variable => join(" ", one.values) }["aws:SourceAccount"] == "123456789012"
    error_message = "Step Functions works for every account: the role must be refused to the others."
  }

  assert {
    condition     = aws_iam_role.poller.name == "acme-prod-ecs-drain-poller-eu-west-1"
    error_message = "IAM is global: the role's name must carry the region."
  }
}

run "a_sweep_that_failed_for_good_or_was_never_started_is_kept" {
  command = plan

  variables {
    failures = { arn = "arn:aws:sqs:eu-west-1:123456789012:acme-prod-scheduled-failures" }
  }

  assert {
    condition     = aws_cloudwatch_event_target.sweep.dead_letter_config[0].arn == var.failures.arn && output.permissions["ReportFailedInvocations"] == "sqs:SendMessage arn:aws:sqs:eu-west-1:123456789012:acme-prod-scheduled-failures"
    error_message = "Both the rule and the function must give up into the queue."
  }
}

run "another_repository_may_bring_the_code_as_a_file" {
  command = plan

  variables {
    code = {
      # Any file will do.
      file         = "versions.tf"
      handler      = "ecs_drain.handler.handle"
      runtime      = "python3.13"
      architecture = "arm64"
    }
  }

  assert {
    condition     = module.function.function.name == "acme-prod-ecs-drain"
    error_message = "The drain must come with a file as well as with an object."
  }
}
