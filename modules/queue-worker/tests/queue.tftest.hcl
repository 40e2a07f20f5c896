mock_provider "aws" {
  source = "../testing/mocks"
}

override_resource {
  target          = aws_sqs_queue.dead_letter
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:acme-prod-report-requests-dead-letter"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-prod-report-requests-dead-letter"
  }
}

override_resource {
  target          = aws_sqs_queue.this
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:acme-prod-report-requests"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-prod-report-requests"
  }
}

variables {
  platform = {
    name_prefix      = "acme-prod"
    partition        = "aws"
    region           = "eu-west-1"
    account_id       = "123456789012"
    alarm_topic_arns = ["arn:aws:sns:eu-west-1:123456789012:on-call"]
  }
  role     = "report-requests"
  consumer = { role = "report-generator", timeout_seconds = 60, reserved_concurrency = 5 }
  function = {
    role            = "report-generator"
    alias_arn       = "arn:aws:lambda:eu-west-1:123456789012:function:acme-prod-report-generator:live"
    iam_role_name   = "acme-prod-report-generator"
    timeout_seconds = 60
  }
  maximum_concurrency = 5
}

run "a_poison_message_leaves_the_queue_after_five_deliveries" {
  command = plan

  assert {
    condition = jsondecode(aws_sqs_queue.this.redrive_policy) == {
      deadLetterTargetArn = "arn:aws:sqs:eu-west-1:123456789012:acme-prod-report-requests-dead-letter"
      maxReceiveCount     = 5
    }
    error_message = "The queue must give up after five deliveries, to its own dead-letter queue."
  }
}

run "only_the_queue_itself_may_send_to_its_dead_letter_queue" {
  command = plan

  assert {
    condition = jsondecode(aws_sqs_queue.dead_letter.redrive_allow_policy) == {
      redrivePermission = "byQueue"
      sourceQueueArns   = ["arn:aws:sqs:eu-west-1:123456789012:acme-prod-report-requests"]
    }
    error_message = "The dead-letter queue must take messages from its own queue only."
  }
}

run "dead_letters_are_kept_14_days_and_longer_than_the_queue_keeps_messages" {
  command = plan

  assert {
    condition     = aws_sqs_queue.dead_letter.message_retention_seconds == 14 * 24 * 3600 && aws_sqs_queue.dead_letter.message_retention_seconds > aws_sqs_queue.this.message_retention_seconds
    error_message = "A message that dies late must not have expired before anyone saw it."
  }
}

run "a_message_stays_hidden_for_six_times_the_functions_timeout_and_the_batching_window" {
  command = plan

  variables {
    batching_window_seconds = 20
    batch_size              = 100
  }

  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 6 * 60 + 20 && output.visibility_timeout_seconds == 380
    error_message = "The visibility timeout must be derived from the function's timeout and the batching window."
  }
}

run "one_failed_message_does_not_bring_back_its_whole_batch" {
  command = plan

  assert {
    condition     = aws_lambda_event_source_mapping.this.function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "The mapping must read partial batch responses."
  }
}

run "the_queue_never_has_more_than_the_maximum_concurrency_running" {
  command = plan

  assert {
    condition     = aws_lambda_event_source_mapping.this.scaling_config[0].maximum_concurrency == 5 && endswith(aws_lambda_event_source_mapping.this.function_name, ":live")
    error_message = "The mapping must invoke the alias live under the maximum concurrency."
  }
}

run "without_a_maximum_the_mapping_sets_no_bound" {
  command = plan

  variables {
    maximum_concurrency = null
  }

  assert {
    condition     = length(aws_lambda_event_source_mapping.this.scaling_config) == 0
    error_message = "No maximum concurrency must mean no scaling configuration."
  }
}

run "both_queues_are_encrypted_and_refuse_plain_http" {
  command = plan

  assert {
    condition     = aws_sqs_queue.this.sqs_managed_sse_enabled && aws_sqs_queue.dead_letter.sqs_managed_sse_enabled
    error_message = "Messages must be encrypted at rest in both queues."
  }

  assert {
    condition = alltrue([
      for document in values(data.aws_iam_policy_document.tls_only) :
      document.statement[0].effect == "Deny" && one(document.statement[0].condition).variable == "aws:SecureTransport" && one(document.statement[0].condition).values == tolist(["false"])
    ])
    error_message = "Both policies must deny what does not come over TLS."
  }

  assert {
    condition     = data.aws_iam_policy_document.tls_only["queue"].statement[0].resources == toset(["arn:aws:sqs:eu-west-1:123456789012:acme-prod-report-requests"])
    error_message = "The policy must name its queue."
  }
}

run "the_consumer_may_work_off_this_queue_and_no_other" {
  command = plan

  assert {
    condition     = data.aws_iam_policy_document.consume.statement[*].sid == tolist(["TakeMessages", "PutOffRetries"])
    error_message = "The consumer must get what the mapping and its back-off need, and no more."
  }

  assert {
    condition     = alltrue([for statement in data.aws_iam_policy_document.consume.statement : statement.resources == toset(["arn:aws:sqs:eu-west-1:123456789012:acme-prod-report-requests"])])
    error_message = "Every statement must name the queue."
  }

  assert {
    condition     = aws_iam_role_policy.consume.role == "acme-prod-report-generator"
    error_message = "The permission must go to the consumer's role."
  }
}

run "depth_age_and_dead_letters_raise_alarms_that_name_the_next_command" {
  command = plan

  assert {
    condition     = { for name, alarm in aws_cloudwatch_metric_alarm.this : name => alarm.metric_name } == { age = "ApproximateAgeOfOldestMessage", dead-letters = "ApproximateNumberOfMessagesVisible", depth = "ApproximateNumberOfMessagesVisible" }
    error_message = "Depth, age and dead letters must each have an alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["dead-letters"].dimensions == tomap({ QueueName = "acme-prod-report-requests-dead-letter" }) && aws_cloudwatch_metric_alarm.this["dead-letters"].threshold == 1
    error_message = "The first dead letter must raise the alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["age"].threshold == 5 * 360
    error_message = "A message is overdue when it is older than all its deliveries may take."
  }

  assert {
    condition     = strcontains(aws_cloudwatch_metric_alarm.this["dead-letters"].alarm_description, "opsctl dlq analyse report-requests")
    error_message = "The alarm must name the command to run next."
  }
}

run "senders_get_the_queues_address_from_its_dead_letter_queue" {
  command = plan

  assert {
    condition     = output.queue.url == "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-prod-report-requests" && output.queue.arn == "arn:aws:sqs:eu-west-1:123456789012:acme-prod-report-requests"
    error_message = "The derived address must be the queue's own."
  }

  assert {
    condition     = output.stack["report-requests"] == { name = "acme-prod-report-requests", dead_letter = "acme-prod-report-requests-dead-letter", consumer = "report-generator" }
    error_message = "The stack description must get both names and the consumer."
  }
}

run "only_the_rules_that_are_named_may_send_to_the_queue_and_to_its_dead_letters" {
  command = plan

  variables {
    event_rule_arns = ["arn:aws:events:eu-west-1:123456789012:rule/acme-prod-terminations"]
  }

  assert {
    condition = alltrue([
      for document in values(data.aws_iam_policy_document.tls_only) :
      document.statement[1].sid == "TakeEventsOfRules"
      && one(document.statement[1].principals).identifiers == toset(["events.amazonaws.com"])
      && one(document.statement[1].condition).values == tolist(["arn:aws:events:eu-west-1:123456789012:rule/acme-prod-terminations"])
    ])
    error_message = "EventBridge may send for the named rules and for no other."
  }
}

run "a_queue_that_holds_messages_and_finishes_none_rings_when_all_deliveries_of_one_are_over" {
  command = plan

  assert {
    condition     = one([for query in aws_cloudwatch_metric_alarm.stalled.metric_query : query.expression if query.expression != null]) == "IF(waiting + in_work > 0 AND finished == 0, 1, 0)"
    error_message = "The alarm must ring for messages of which none is finished, however often they were received."
  }

  assert {
    condition = { for query in aws_cloudwatch_metric_alarm.stalled.metric_query : query.id => "${query.metric[0].stat} ${query.metric[0].metric_name} ${query.metric[0].dimensions.QueueName}" if query.expression == null } == {
      waiting  = "Maximum ApproximateNumberOfMessagesVisible acme-prod-report-requests"
      in_work  = "Maximum ApproximateNumberOfMessagesNotVisible acme-prod-report-requests"
      finished = "Sum NumberOfMessagesDeleted acme-prod-report-requests"
    }
    error_message = "The expression must be over this queue's own metrics."
  }

  # Five deliveries of 360 seconds: ten periods of three minutes.
  assert {
    condition     = alltrue([for query in aws_cloudwatch_metric_alarm.stalled.metric_query : query.metric[0].period == 180 if query.expression == null]) && aws_cloudwatch_metric_alarm.stalled.evaluation_periods == 10
    error_message = "The alarm must wait for as long as all deliveries of a message may take."
  }
}

run "no_alarm_looks_back_for_more_than_a_week" {
  command = plan

  variables {
    age_alarm_seconds = 1000000
  }

  assert {
    condition     = alltrue([for query in aws_cloudwatch_metric_alarm.stalled.metric_query : query.metric[0].period * 10 <= 604800 if query.expression == null])
    error_message = "CloudWatch refuses an alarm that looks back for more than seven days."
  }
}

run "others_may_do_with_the_queue_what_a_statement_says_and_nothing_with_its_dead_letters" {
  command = plan

  variables {
    policy_statements = {
      TakeNotifications = {
        actions    = ["sqs:SendMessage"]
        principals = { Service = ["s3.amazonaws.com"] }
        conditions = [{ test = "StringEquals", variable = "aws:SourceAccount", values = ["123456789012"] }]
      }
    }
  }

  assert {
    condition     = data.aws_iam_policy_document.tls_only["queue"].statement[*].sid == tolist(["RefuseUnencryptedConnections", "TakeNotifications"]) && length(data.aws_iam_policy_document.tls_only["dead_letter"].statement) == 1
    error_message = "The statement must stand in the queue's policy, and in no other."
  }
}
