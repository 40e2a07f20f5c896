locals {
  own_statements = {
    WriteOwnLogs = {
      actions      = ["logs:CreateLogStream", "logs:PutLogEvents"]
      resources    = ["${aws_cloudwatch_log_group.this.arn}:*"]
      any_resource = false
      conditions   = []
    }
    # X-Ray's write actions know no resource.
    WriteTraces = {
      actions      = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      resources    = []
      any_resource = true
      conditions   = []
    }
  }

  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions: these know no resource.
  network_statements = var.platform.network == null ? {} : {
    JoinTheNetwork = {
      actions = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
      ]
      resources    = []
      any_resource = true
      conditions   = []
    }
  }

  # The grant that Lambda makes is to a role's inner id, and ends with a role that is made anew.
  key_statements = var.platform.kms_key_arn == null ? {} : {
    ReadOwnSettings = {
      actions      = ["kms:Decrypt"]
      resources    = [var.platform.kms_key_arn]
      any_resource = false
      conditions   = []
    }
  }

  on_failure_statements = var.on_failure == null ? {} : {
    ReportFailedInvocations = {
      actions      = [strcontains(var.on_failure.destination_arn, ":sqs:") ? "sqs:SendMessage" : "sns:Publish"]
      resources    = [var.on_failure.destination_arn]
      any_resource = false
      conditions   = []
    }
  }
}

# Without a condition on the account: AWS documents none for execution roles, and a role that Lambda cannot assume stops
# the function. Who may give the role to a function is a question of iam:PassRole, which stays inside the account.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
data "aws_iam_policy_document" "assume" {
  statement {
    sid     = "LambdaRunsAsThisRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "this" {
  dynamic "statement" {
    for_each = merge(var.statements, local.own_statements, local.network_statements, local.key_statements, local.on_failure_statements)

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

resource "aws_iam_role" "this" {
  name                 = "${local.name}-${var.platform.region}"
  path                 = var.platform.role_path
  permissions_boundary = var.platform.permissions_boundary_arn
  assume_role_policy   = data.aws_iam_policy_document.assume.json
  tags                 = local.tags

  # A function must never be without a role, so that of another name is there first.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "own-work"
  role   = aws_iam_role.this.name
  policy = data.aws_iam_policy_document.this.json
}
