output "queue" {
  description = "The queue as those who send to it need it. Only its address waits for AWS, and only for the dead-letter queue."
  value = {
    role              = var.role
    name              = local.name
    arn               = local.arn
    url               = local.url
    dead_letter_name  = local.dead_letter_name
    dead_letter_arn   = local.dead_letter_arn
    dead_letter_url   = aws_sqs_queue.dead_letter.url
    max_receive_count = var.max_receive_count
  }
}

output "stack" {
  description = "The queue's entry in the stack description. It waits for the mapping: what the description names is in service."
  value = {
    (var.role) = {
      name        = aws_sqs_queue.this.name
      dead_letter = aws_sqs_queue.dead_letter.name
      consumer    = var.consumer.role
    }
  }

  depends_on = [aws_lambda_event_source_mapping.this]
}

output "visibility_timeout_seconds" {
  description = "How long a message stays hidden while it is worked on."
  value       = local.visibility_timeout_seconds
}

output "permissions" {
  description = "What the consumer may do with the queue, by sid, each as one line."
  value = {
    for statement in data.aws_iam_policy_document.consume.statement : statement.sid => join(" ", concat(
      sort(statement.actions),
      sort(statement.resources),
      flatten([for condition in statement.condition : ["if", condition.variable, condition.values]]),
    ))
  }
}

output "alarm_names" {
  description = "Names of the alarms on the queue and its dead-letter queue."
  value       = concat([for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name], [aws_cloudwatch_metric_alarm.stalled.alarm_name])
}
