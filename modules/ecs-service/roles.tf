locals {
  # A role's name has 64 characters at most. The region is in it: a second region of the account has roles of its own.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  role_suffix = "-${var.platform.region}"
  role_space  = 64 - length("-execution${local.role_suffix}")
  role_name   = length(local.family) <= local.role_space ? local.family : "${substr(local.family, 0, local.role_space - 7)}-${substr(sha256(local.family), 0, 6)}"

  has_task_role      = length(var.statements) > 0
  has_execution_role = length(var.secrets) > 0

  parameters = [for arn in values(var.secrets) : arn if strcontains(arn, ":ssm:")]

  # Behind its name a secret's ARN may have a JSON key, a stage and a version: the permission is for the secret.
  secrets = distinct([for arn in values(var.secrets) : join(":", slice(split(":", arn), 0, 7)) if strcontains(arn, ":secretsmanager:")])
}

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
data "aws_iam_policy_document" "assume_task" {
  statement {
    sid     = "TasksRunAsThisRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.platform.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${var.platform.partition}:ecs:${var.platform.region}:${var.platform.account_id}:*"]
    }
  }
}

data "aws_iam_policy_document" "task" {
  dynamic "statement" {
    for_each = var.statements

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = statement.value.any_resource ? ["*"] : statement.value.resources

      dynamic "condition" {
        for_each = statement.value.conditions

        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

resource "aws_iam_role" "task" {
  count = local.has_task_role ? 1 : 0

  name               = "${local.role_name}-task${local.role_suffix}"
  assume_role_policy = data.aws_iam_policy_document.assume_task.json
  tags               = local.tags
}

resource "aws_iam_role_policy" "task" {
  count = local.has_task_role ? 1 : 0

  name   = "own-work"
  role   = aws_iam_role.task[0].name
  policy = data.aws_iam_policy_document.task.json
}

# What starts the task reads its secrets; on hosts of one's own nothing else needs this role.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
data "aws_iam_policy_document" "assume_execution" {
  statement {
    sid     = "AgentsStartTasksAsThisRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "execution" {
  dynamic "statement" {
    for_each = length(local.parameters) > 0 ? [local.parameters] : []

    content {
      sid       = "ReadOwnParameters"
      actions   = ["ssm:GetParameters"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(local.secrets) > 0 ? [local.secrets] : []

    content {
      sid       = "ReadOwnSecrets"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(var.secret_key_arns) > 0 ? [var.secret_key_arns] : []

    content {
      sid       = "DecryptOwnSecrets"
      actions   = ["kms:Decrypt"]
      resources = statement.value
    }
  }
}

resource "aws_iam_role" "execution" {
  count = local.has_execution_role ? 1 : 0

  name               = "${local.role_name}-execution${local.role_suffix}"
  assume_role_policy = data.aws_iam_policy_document.assume_execution.json
  tags               = local.tags
}

resource "aws_iam_role_policy" "execution" {
  count = local.has_execution_role ? 1 : 0

  name   = "own-secrets"
  role   = aws_iam_role.execution[0].name
  policy = data.aws_iam_policy_document.execution.json
}

# Once a task has an execution role, images may be pulled with it: AWS's own policy allows what that takes.
resource "aws_iam_role_policy_attachment" "execution" {
  count = local.has_execution_role ? 1 : 0

  role       = aws_iam_role.execution[0].name
  policy_arn = "arn:${var.platform.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}
