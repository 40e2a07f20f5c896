locals {
  # SQS wants the names of FIFO queues to end with this, those of their dead-letter queues as well.
  suffix           = var.fifo == null ? "" : ".fifo"
  base_name        = "${var.platform.name_prefix}-${var.role}"
  name             = "${local.base_name}${local.suffix}"
  dead_letter_name = "${local.base_name}-dead-letter${local.suffix}"
  tags             = { service = var.consumer.role }

  # From the names, so that a policy can stand inside the queue it protects: each further SQS resource costs an apply
  # 25 seconds, because the provider waits until the attributes read the same six times.
  arn_prefix      = "arn:${var.platform.partition}:sqs:${var.platform.region}:${var.platform.account_id}"
  arn             = "${local.arn_prefix}:${local.name}"
  dead_letter_arn = "${local.arn_prefix}:${local.dead_letter_name}"

  # The queue's URL, known as soon as the dead-letter queue is: functions that need it do not wait for the queue as well.
  url = "${trimsuffix(aws_sqs_queue.dead_letter.url, "-dead-letter${local.suffix}")}${local.suffix}"

  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: six times the function's timeout, plus the
  # batching window, leaves room for retries of a throttled batch.
  visibility_timeout_seconds = 6 * var.consumer.timeout_seconds + var.batching_window_seconds

  dead_letter_retention_seconds = 1209600
}

data "aws_iam_policy_document" "tls_only" {
  for_each = { queue = local.arn, dead_letter = local.dead_letter_arn }

  statement {
    sid       = "RefuseUnencryptedConnections"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [each.value]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # To both: the rule's target gives up on an event into the dead-letter queue, too.
  dynamic "statement" {
    for_each = length(var.event_rule_arns) > 0 ? [var.event_rule_arns] : []

    content {
      sid       = "TakeEventsOfRules"
      actions   = ["sqs:SendMessage"]
      resources = [each.value]

      principals {
        type        = "Service"
        identifiers = ["events.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = statement.value
      }
    }
  }

  dynamic "statement" {
    for_each = each.key == "queue" ? var.policy_statements : {}

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = [each.value]

      dynamic "principals" {
        for_each = statement.value.principals

        content {
          type        = principals.key
          identifiers = principals.value
        }
      }

      dynamic "condition" {
        for_each = statement.value.conditions

        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

resource "aws_sqs_queue" "dead_letter" {
  name                      = local.dead_letter_name
  fifo_queue                = var.fifo == null ? null : true
  message_retention_seconds = local.dead_letter_retention_seconds
  sqs_managed_sse_enabled   = true
  policy                    = data.aws_iam_policy_document.tls_only["dead_letter"].json

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.arn]
  })

  tags = local.tags
}

resource "aws_sqs_queue" "this" {
  name                        = local.name
  fifo_queue                  = var.fifo == null ? null : true
  content_based_deduplication = try(var.fifo.deduplicate_by_content, null)
  deduplication_scope         = try(var.fifo.high_throughput, false) ? "messageGroup" : null
  fifo_throughput_limit       = try(var.fifo.high_throughput, false) ? "perMessageGroupId" : null
  message_retention_seconds   = var.retention_seconds
  visibility_timeout_seconds  = local.visibility_timeout_seconds
  sqs_managed_sse_enabled     = true
  policy                      = data.aws_iam_policy_document.tls_only["queue"].json

  # After the dead-letter queue, not beside it: SQS refuses a target that does not exist yet.
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letter.arn
    maxReceiveCount     = var.max_receive_count
  })

  tags = local.tags

  lifecycle {
    postcondition {
      condition     = self.url == local.url
      error_message = "SQS gave the queue another address than its dead-letter queue lets expect (${self.url}, expected ${local.url})."
    }
  }
}
