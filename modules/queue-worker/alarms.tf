locals {
  overdue_seconds = coalesce(var.age_alarm_seconds, var.max_receive_count * local.visibility_timeout_seconds)

  # Ten periods of whole minutes make up the time; an alarm looks back a week at most.
  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
  stalled_periods        = 10
  stalled_period_seconds = 60 * min(ceil(local.overdue_seconds / local.stalled_periods / 60), 1008)

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
      threshold   = local.overdue_seconds
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

  alarm_name          = "${local.base_name}-${each.key}"
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

# The age leaves out what was received three times, "even if the queue has a redrive policy": a message that fails again
# and again is not seen until it is given up. What can be seen is a queue that holds messages and finishes none. SQS
# reports each of these metrics, 0 included, while a queue is active, and one that a mapping polls always is.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
resource "aws_cloudwatch_metric_alarm" "stalled" {
  alarm_name          = "${local.base_name}-stalled"
  alarm_description   = "${var.consumer.role} has finished no message of ${var.role}, though there are some, for as long as all deliveries of one may take. Next: opsctl logs ${var.consumer.role} --since 1h"
  evaluation_periods  = local.stalled_periods
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.platform.alarm_topic_arns
  ok_actions          = var.platform.alarm_topic_arns
  tags                = local.tags

  metric_query {
    id          = "stalled"
    expression  = "IF(waiting + in_work > 0 AND finished == 0, 1, 0)"
    label       = "Messages, and none finished"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = {
      waiting  = { metric = "ApproximateNumberOfMessagesVisible", statistic = "Maximum" }
      in_work  = { metric = "ApproximateNumberOfMessagesNotVisible", statistic = "Maximum" }
      finished = { metric = "NumberOfMessagesDeleted", statistic = "Sum" }
    }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/SQS"
        metric_name = metric_query.value.metric
        dimensions  = { QueueName = local.name }
        period      = local.stalled_period_seconds
        stat        = metric_query.value.statistic
      }
    }
  }
}
