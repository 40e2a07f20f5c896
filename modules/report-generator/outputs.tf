output "function" {
  description = "The function that computes and delivers reports."
  value       = module.function.function
}

output "queue" {
  description = "The queue that takes report requests."
  value       = module.queue.queue
}

output "stack" {
  description = "This service's part of the stack description."
  value = {
    functions = { (module.function.function.role) = { name = module.function.function.name } }
    queues    = module.queue.stack
  }
}

output "permissions" {
  description = "What the service may do, by sid."
  value       = merge(module.function.permissions, module.queue.permissions)
}

output "alarm_names" {
  description = "Names of the service's alarms."
  value       = concat(module.function.alarm_names, module.queue.alarm_names)
}

output "deliveries_topic_arn" {
  description = "Topic that hears of every delivered report."
  value       = aws_sns_topic.deliveries.arn
}

output "reserved_concurrency" {
  description = "Executions kept for the generator; null when it shares the account's pool."
  value       = local.consumer.reserved_concurrency
}
