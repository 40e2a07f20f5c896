# A month's run cannot be watched by its own metrics: an alarm looks back 7 days at most, and a month has one run. So the
# sweep, which runs on the days after, counts a month that it had to open.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
resource "aws_cloudwatch_metric_alarm" "forgotten_month" {
  alarm_name          = "${var.platform.name_prefix}-report-sweep-forgotten-month"
  alarm_description   = "The schedule did not open the last month, so no report was asked for; the sweep has it opened now. Next: opsctl logs report-month --since 12h"
  namespace           = local.namespace
  metric_name         = "ForgottenMonths"
  dimensions          = { Stack = var.platform.name_prefix }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.platform.alarm_topic_arns
  ok_actions          = var.platform.alarm_topic_arns
  tags                = { service = "report-sweep" }
}
