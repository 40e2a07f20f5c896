data "aws_iam_policy_document" "consume" {
  statement {
    sid       = "TakeMessages"
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = [local.arn]
  }

  statement {
    sid       = "PutOffRetries"
    actions   = ["sqs:ChangeMessageVisibility"]
    resources = [local.arn]
  }
}

resource "aws_iam_role_policy" "consume" {
  name   = "consume-${var.role}"
  role   = var.function.iam_role_name
  policy = data.aws_iam_policy_document.consume.json
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn                   = aws_sqs_queue.this.arn
  function_name                      = var.function.alias_arn
  batch_size                         = var.batch_size
  maximum_batching_window_in_seconds = var.fifo == null ? var.batching_window_seconds : null
  function_response_types            = ["ReportBatchItemFailures"]

  dynamic "scaling_config" {
    for_each = var.maximum_concurrency[*]

    content {
      maximum_concurrency = scaling_config.value
    }
  }

  tags = local.tags

  # Lambda looks at the role when the mapping is made.
  depends_on = [aws_iam_role_policy.consume]

  lifecycle {
    precondition {
      condition     = var.function.role == var.consumer.role
      error_message = "The queue's consumer is ${var.consumer.role}, but the function given is ${var.function.role}."
    }

    precondition {
      condition     = var.function.timeout_seconds == var.consumer.timeout_seconds
      error_message = "The visibility timeout was derived from ${var.consumer.timeout_seconds} seconds, but the function may run for ${var.function.timeout_seconds}: give both the same timeout."
    }
  }
}
