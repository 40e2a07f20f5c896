locals {
  alarms = {
    errors = {
      metric      = "Errors"
      threshold   = var.error_alarm_threshold
      description = "${var.role} failed. Next: opsctl logs ${var.role} --since 15m"
    }
    throttles = {
      metric      = "Throttles"
      threshold   = var.throttle_alarm_threshold
      description = "${var.role} was refused executions: its concurrency is used up. Next: opsctl services ${var.role}"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/Lambda"
  metric_name         = each.value.metric
  dimensions          = { FunctionName = local.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.platform.alarm_topic_arns
  ok_actions          = var.platform.alarm_topic_arns
  tags                = local.tags
}
