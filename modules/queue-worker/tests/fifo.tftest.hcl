mock_provider "aws" {
  source = "../testing/mocks"
}

override_resource {
  target          = aws_sqs_queue.dead_letter
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:acme-prod-orders-dead-letter.fifo"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-prod-orders-dead-letter.fifo"
  }
}

override_resource {
  target          = aws_sqs_queue.this
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:acme-prod-orders.fifo"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-prod-orders.fifo"
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
  role     = "orders"
  consumer = { role = "order-keeper", timeout_seconds = 60 }
  function = {
    role            = "order-keeper"
    alias_arn       = "arn:aws:lambda:eu-west-1:123456789012:function:acme-prod-order-keeper:live"
    iam_role_name   = "acme-prod-order-keeper-eu-west-1"
    timeout_seconds = 60
  }
  fifo = { deduplicate_by_content = true, high_throughput = true }
}

run "a_fifo_queue_and_its_dead_letter_queue_are_both_fifo_and_named_so" {
  command = plan

  assert {
    condition     = aws_sqs_queue.this.fifo_queue && aws_sqs_queue.dead_letter.fifo_queue && aws_sqs_queue.this.name == "acme-prod-orders.fifo" && aws_sqs_queue.dead_letter.name == "acme-prod-orders-dead-letter.fifo"
    error_message = "SQS takes FIFO queues under names that end with .fifo, and moves their messages to FIFO queues only."
  }

  assert {
    condition     = output.queue.url == "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-prod-orders.fifo"
    error_message = "The address must be the queue's, though it is taken from its dead-letter queue."
  }
}

run "each_group_has_a_throughput_of_its_own_when_that_is_asked_for" {
  command = plan

  assert {
    condition     = aws_sqs_queue.this.fifo_throughput_limit == "perMessageGroupId" && aws_sqs_queue.this.deduplication_scope == "messageGroup" && aws_sqs_queue.this.content_based_deduplication
    error_message = "High throughput needs both settings."
  }
}

run "lambda_gathers_nothing_of_a_fifo_queue" {
  command = plan

  assert {
    condition     = aws_lambda_event_source_mapping.this.maximum_batching_window_in_seconds == null
    error_message = "Lambda refuses a batching window on a FIFO queue."
  }
}

run "a_batching_window_on_a_fifo_queue_is_refused" {
  command = plan
  variables {
    batching_window_seconds = 5
  }
  expect_failures = [var.batching_window_seconds]
}

run "a_batch_of_more_than_ten_from_a_fifo_queue_is_refused" {
  command = plan
  variables {
    batch_size = 11
  }
  expect_failures = [var.batch_size]
}
