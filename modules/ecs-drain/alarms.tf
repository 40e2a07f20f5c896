locals {
  namespace = "opsctl/draining"

  alarms = {
    stuck = {
      metric      = "StuckDrains"
      statistic   = "Maximum"
      description = "A host does not drain, or was kept at its deadline: its tasks find no other place, or do not stop. Next: opsctl drained --stuck"
    }
    kills = {
      metric      = "KilledTasks"
      statistic   = "Sum"
      description = "Tasks died with their host before they had stopped. Next: opsctl drained --since 1h"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = local.namespace
  metric_name         = each.value.metric
  dimensions          = { Stack = var.platform.name_prefix }
  statistic           = each.value.statistic
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.platform.alarm_topic_arns
  ok_actions          = var.platform.alarm_topic_arns
  tags                = { service = local.consumer.role }
}
