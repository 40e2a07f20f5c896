mock_provider "aws" {
  source = "../testing/mocks"
}

variables {
  platform = {
    name_prefix      = "acme-prod"
    partition        = "aws"
    region           = "eu-west-1"
    account_id       = "123456789012"
    alarm_topic_arns = ["arn:aws:sns:eu-west-1:123456789012:on-call"]
  }
}

run "what_failed_is_kept_encrypted_for_as_long_as_sqs_can" {
  command = plan

  assert {
    condition     = aws_sqs_queue.this.name == "acme-prod-scheduled-failures" && aws_sqs_queue.this.message_retention_seconds == 1209600 && aws_sqs_queue.this.sqs_managed_sse_enabled
    error_message = "A failed run must be kept 14 days, encrypted."
  }
}

run "one_failed_run_rings_until_somebody_took_it_away" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.this.threshold == 1 && aws_cloudwatch_metric_alarm.this.metric_name == "ApproximateNumberOfMessagesVisible" && aws_cloudwatch_metric_alarm.this.dimensions == tomap({ QueueName = "acme-prod-scheduled-failures" })
    error_message = "The alarm must ring for one message, and as long as it lies there."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:on-call"])
    error_message = "The topics must hear of it."
  }
}

run "plain_http_is_refused_and_only_rules_of_the_platform_may_send_without_a_role" {
  command = plan

  assert {
    condition     = data.aws_iam_policy_document.this.statement[*].sid == tolist(["RefuseUnencryptedConnections", "TakeEventsOfOwnRules"])
    error_message = "The queue's policy must deny what does not come over TLS, and let in nobody else."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.this.statement[1].condition).values == tolist(["arn:aws:events:eu-west-1:123456789012:rule/acme-prod-*"])
    error_message = "Rules of others must not send here."
  }
}

run "a_role_in_snake_case_is_refused" {
  command = plan
  variables {
    role = "scheduled_failures"
  }
  expect_failures = [var.role]
}
