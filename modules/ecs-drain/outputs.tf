output "function" {
  description = "The function that drains."
  value       = module.function.function
}

output "ready" {
  description = "Known when everything that drains a host is in service. A group that refers to it is destroyed before any of that."
  value       = local.name

  depends_on = [
    module.function,
    module.queue,
    aws_cloudwatch_event_target.this,
    aws_cloudwatch_event_target.sweep,
    aws_lambda_permission.sweep,
    aws_sfn_state_machine.poller,
    aws_iam_role_policy.poller,
  ]
}

output "stack" {
  description = "This service's part of the stack description."
  value = {
    functions      = { (module.function.function.role) = { name = module.function.function.name } }
    queues         = module.queue.stack
    tables         = { drains = { name = aws_dynamodb_table.drains.name } }
    state_machines = { drain-poller = { name = aws_sfn_state_machine.poller.arn } }
  }
}

output "permissions" {
  description = "What the service may do, by sid."
  value       = merge(module.function.permissions, module.queue.permissions)
}

output "alarm_names" {
  description = "Names of the service's alarms."
  value = concat(
    module.function.alarm_names,
    module.queue.alarm_names,
    [for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name],
  )
}
