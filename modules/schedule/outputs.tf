output "schedule" {
  description = "The schedule: its name and when it runs."
  value = {
    name       = aws_scheduler_schedule.this.name
    expression = aws_scheduler_schedule.this.schedule_expression
  }
}
