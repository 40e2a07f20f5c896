output "function" {
  description = "The function that looks after a month."
  value       = module.function.function
}

output "stack" {
  description = "This service's part of the stack description."
  value = {
    functions = { (module.function.function.role) = { name = module.function.function.name } }
  }
}

output "permissions" {
  description = "What the service may do, by sid."
  value       = module.function.permissions
}

output "alarm_names" {
  description = "Names of the service's alarms."
  value       = concat(module.function.alarm_names, [aws_cloudwatch_metric_alarm.forgotten_month.alarm_name])
}

output "schedule" {
  description = "When it runs."
  value       = module.schedule.schedule
}
