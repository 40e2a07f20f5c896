output "service" {
  description = "The service: role, and ARN."
  value = {
    role = var.role
    arn  = one(concat(aws_ecs_service.this[*].id, aws_ecs_service.scaled[*].id))
  }
}

output "permissions" {
  description = "What the task and what starts it may do, by sid, each as one line: actions, resources, conditions."
  value = {
    for statement in concat(
      local.has_task_role ? data.aws_iam_policy_document.task.statement : [],
      local.has_execution_role ? data.aws_iam_policy_document.execution.statement : [],
      ) : statement.sid => join(" ", concat(
        sort(statement.actions),
        sort(statement.resources),
        flatten([for condition in statement.condition : ["if", condition.variable, condition.values]]),
    ))
  }
}
