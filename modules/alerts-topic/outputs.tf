output "topic" {
  description = "The topic as alarms and subscribers need it: name and ARN."
  value = {
    name = aws_sns_topic.this.name
    arn  = aws_sns_topic.this.arn
  }
}
