output "queue" {
  description = "The queue as functions and schedules need it: name and ARN."
  value = {
    name = aws_sqs_queue.this.name
    arn  = aws_sqs_queue.this.arn
  }
}

output "alarm_names" {
  description = "Name of the alarm on what waits in the queue."
  value       = [aws_cloudwatch_metric_alarm.this.alarm_name]
}
