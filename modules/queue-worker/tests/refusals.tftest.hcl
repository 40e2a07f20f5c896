mock_provider "aws" {
  source = "../testing/mocks"
}

override_resource {
  target          = aws_sqs_queue.this
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:mocked"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/mocked"
  }
}

variables {
  platform = {
    name_prefix      = "acme-prod"
    partition        = "aws"
    region           = "eu-west-1"
    account_id       = "123456789012"
    alarm_topic_arns = []
  }
  role     = "report-requests"
  consumer = { role = "report-generator", timeout_seconds = 60, reserved_concurrency = 5 }
  function = {
    role            = "report-generator"
    alias_arn       = "arn:aws:lambda:eu-west-1:123456789012:function:acme-prod-report-generator:live"
    iam_role_name   = "acme-prod-report-generator"
    timeout_seconds = 60
  }
}

run "a_maximum_concurrency_below_two_is_refused" {
  command = plan
  variables {
    maximum_concurrency = 1
  }
  expect_failures = [var.maximum_concurrency]
}

run "a_maximum_concurrency_over_a_thousand_is_refused" {
  command = plan
  variables {
    maximum_concurrency = 1001
    consumer            = { role = "report-generator", timeout_seconds = 60, reserved_concurrency = 2000 }
  }
  expect_failures = [var.maximum_concurrency]
}

run "a_reserved_concurrency_of_one_beside_a_maximum_is_refused" {
  command = plan
  variables {
    maximum_concurrency = 2
    consumer            = { role = "report-generator", timeout_seconds = 60, reserved_concurrency = 1 }
  }
  expect_failures = [var.maximum_concurrency]
}

run "a_reserved_concurrency_below_the_maximum_is_refused" {
  command = plan
  variables {
    maximum_concurrency = 6
  }
  expect_failures = [var.maximum_concurrency]
}

run "a_visibility_timeout_that_the_function_may_outlast_is_refused" {
  command = plan
  variables {
    consumer = { role = "report-generator", timeout_seconds = 10 }
  }
  expect_failures = [aws_lambda_event_source_mapping.this]
}

run "a_function_that_is_not_the_consumer_is_refused" {
  command = plan
  variables {
    consumer = { role = "report-mailer", timeout_seconds = 60 }
  }
  expect_failures = [aws_lambda_event_source_mapping.this]
}

run "a_retention_as_long_as_that_of_the_dead_letters_is_refused" {
  command = plan
  variables {
    retention_seconds = 1209600
  }
  expect_failures = [var.retention_seconds]
}

run "a_retention_shorter_than_all_deliveries_is_refused" {
  command = plan
  variables {
    retention_seconds = 1800
  }
  expect_failures = [var.retention_seconds]
}

run "a_large_batch_without_a_window_is_refused" {
  command = plan
  variables {
    batch_size = 11
  }
  expect_failures = [var.batch_size]
}

run "a_name_kept_for_dead_letter_queues_is_refused" {
  command = plan
  variables {
    role = "report-requests-dead-letter"
  }
  expect_failures = [var.role]
}

run "a_timeout_over_lambdas_limit_is_refused" {
  command = plan
  variables {
    consumer = { role = "report-generator", timeout_seconds = 901 }
  }
  expect_failures = [var.consumer]
}

run "a_queue_that_never_delivers_is_refused" {
  command = plan
  variables {
    max_receive_count = 0
  }
  expect_failures = [var.max_receive_count]
}

run "a_service_that_may_send_for_every_account_is_refused" {
  command = plan
  variables {
    policy_statements = { TakeAnything = { actions = ["sqs:SendMessage"], principals = { Service = ["sns.amazonaws.com"] } } }
  }
  expect_failures = [var.policy_statements]
}

run "every_action_on_the_queue_at_once_is_refused" {
  command = plan
  variables {
    policy_statements = { DoAnything = { actions = ["sqs:*"], principals = { AWS = ["123456789012"] } } }
  }
  expect_failures = [var.policy_statements]
}
