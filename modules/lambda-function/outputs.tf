output "function" {
  description = "The function as its neighbours need it: role, names, the ARN of the alias `live`, timeout, disk."
  value = {
    role            = var.role
    name            = aws_lambda_function.this.function_name
    arn             = aws_lambda_function.this.arn
    alias_arn       = aws_lambda_alias.live.arn
    iam_role_name   = aws_iam_role.this.name
    timeout_seconds = aws_lambda_function.this.timeout
    disk_mb         = var.disk_mb
  }
}

output "permissions" {
  description = "What the function may do, by sid, each as one line: actions, resources, conditions."
  value = {
    for statement in data.aws_iam_policy_document.this.statement : statement.sid => join(" ", concat(
      sort(statement.actions),
      sort(statement.resources),
      flatten([for condition in statement.condition : ["if", condition.variable, condition.values]]),
    ))
  }
}

output "alarm_names" {
  description = "Names of the alarms on the function."
  value       = [for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name]
}
