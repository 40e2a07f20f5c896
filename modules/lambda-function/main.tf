locals {
  name = "${var.platform.name_prefix}-${var.role}"
  tags = merge(var.platform.tags, { service = var.role })
}

# Made before the function: Lambda would otherwise create the group itself, without a retention.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.name}"
  retention_in_days = var.platform.log_retention_days
  kms_key_id        = var.platform.kms_key_arn
  tags              = local.tags
}

resource "aws_lambda_function" "this" {
  function_name                  = local.name
  role                           = aws_iam_role.this.arn
  handler                        = var.code.handler
  runtime                        = var.code.runtime
  architectures                  = [var.code.architecture]
  timeout                        = var.timeout_seconds
  memory_size                    = var.memory_mb
  reserved_concurrent_executions = var.reserved_concurrency
  kms_key_arn                    = var.platform.kms_key_arn
  publish                        = true

  # A platform's functions come from the bucket: the provider holds one lock through the upload and the wait of each
  # function from a file, so that these are created one after another.
  s3_bucket        = var.code.bucket
  s3_key           = var.code.s3_key
  filename         = var.code.file
  source_code_hash = var.code.file == null ? var.code.key : filebase64sha256(var.code.file)

  # An empty block would be a difference in every plan: Lambda answers that there is none.
  dynamic "environment" {
    for_each = length(var.environment) > 0 ? [var.environment] : []

    content {
      variables = environment.value
    }
  }

  dynamic "vpc_config" {
    for_each = var.platform.network[*]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  ephemeral_storage {
    size = var.disk_mb
  }

  tracing_config {
    mode = "Active"
  }

  tags = local.tags

  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this]
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  description      = "The version that callers and event sources use."
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

resource "aws_lambda_function_event_invoke_config" "this" {
  count = var.on_failure == null ? 0 : 1

  function_name = aws_lambda_function.this.function_name
  qualifier     = aws_lambda_alias.live.name

  # Lambda's own defaults, said so that a plan after an apply is empty.
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600

  destination_config {
    on_failure {
      destination = var.on_failure.destination_arn
    }
  }
}
