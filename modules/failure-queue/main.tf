locals {
  name = "${var.platform.name_prefix}-${var.role}"
  arn  = "arn:${var.platform.partition}:sqs:${var.platform.region}:${var.platform.account_id}:${local.name}"
  tags = { service = var.role }
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "RefuseUnencryptedConnections"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.arn]

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

  # Functions and the Scheduler send with a role of their own; rules of EventBridge have none. By their names, for a rule's
  # target waits for this queue.
  statement {
    sid       = "TakeEventsOfOwnRules"
    actions   = ["sqs:SendMessage"]
    resources = [local.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${var.platform.partition}:events:${var.platform.region}:${var.platform.account_id}:rule/${var.platform.name_prefix}-*"]
    }
  }
}

resource "aws_sqs_queue" "this" {
  name = local.name
  # The most that SQS keeps: somebody may be on leave.
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  policy                    = data.aws_iam_policy_document.this.json
  tags                      = local.tags
}

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name          = "${local.name}-waiting"
  alarm_description   = "A scheduled run failed for good, or was never started: ${local.name} keeps what it was given. Next: opsctl status"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.this.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.platform.alarm_topic_arns
  ok_actions          = var.platform.alarm_topic_arns
  tags                = local.tags
}
