locals {
  alarms = {
    depth = {
      queue       = local.name
      metric      = "ApproximateNumberOfMessagesVisible"
      threshold   = var.depth_alarm_threshold
      description = "More waits in ${var.role} than ${var.consumer.role} works off. Next: opsctl status"
    }
    age = {
      queue       = local.name
      metric      = "ApproximateAgeOfOldestMessage"
      threshold   = coalesce(var.age_alarm_seconds, var.max_receive_count * local.visibility_timeout_seconds)
      description = "A message has waited in ${var.role} for longer than all its deliveries may take. Next: opsctl logs ${var.consumer.role} --since 1h"
    }
    # The number of messages *visible*: SQS does not count a message that it moves itself as sent.
    dead-letters = {
      queue       = local.dead_letter_name
      metric      = "ApproximateNumberOfMessagesVisible"
      threshold   = 1
      description = "${var.consumer.role} gave up on a message. Next: opsctl dlq analyse ${var.role}"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/SQS"
  metric_name         = each.value.metric
  dimensions          = { QueueName = each.value.queue }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.platform.alarm_topic_arns
  ok_actions          = var.platform.alarm_topic_arns
  tags                = local.tags
}
