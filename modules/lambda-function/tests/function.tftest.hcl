mock_provider "aws" {
  source = "../testing/mocks"
}

variables {
  platform = {
    name_prefix        = "acme-prod"
    region             = "eu-west-1"
    log_retention_days = 30
    alarm_topic_arns   = ["arn:aws:sns:eu-west-1:123456789012:on-call"]
  }
  role = "report-generator"
  code = {
    bucket       = "acme-artifacts"
    s3_key       = "lambda/report-generator/abc123.zip"
    key          = "abc123"
    handler      = "report_generator.handler.handle"
    runtime      = "python3.13"
    architecture = "arm64"
  }
}

run "code_in_the_artifacts_bucket_changes_with_the_key_of_its_inputs" {
  command = plan

  assert {
    condition     = aws_lambda_function.this.s3_bucket == "acme-artifacts" && aws_lambda_function.this.s3_key == "lambda/report-generator/abc123.zip"
    error_message = "The function must take its code from the artifacts bucket."
  }

  assert {
    condition     = aws_lambda_function.this.filename == null && aws_lambda_function.this.source_code_hash == "abc123"
    error_message = "The function must change with the key of its inputs alone."
  }
}

run "code_in_a_file_changes_with_its_bytes" {
  command = plan

  variables {
    code = {
      # Any file will do.
      file         = "versions.tf"
      handler      = "report_generator.handler.handle"
      runtime      = "python3.13"
      architecture = "arm64"
    }
  }

  assert {
    condition     = aws_lambda_function.this.filename == "versions.tf" && aws_lambda_function.this.s3_bucket == null && aws_lambda_function.this.source_code_hash == filebase64sha256("versions.tf")
    error_message = "The function must take its code from the file, and change with that."
  }
}

run "every_deployment_publishes_a_version_that_the_alias_live_points_to" {
  command = plan

  assert {
    condition     = aws_lambda_function.this.publish && aws_lambda_alias.live.name == "live" && aws_lambda_alias.live.function_version == "7"
    error_message = "The alias live must point to the published version."
  }
}

run "logs_are_kept_in_a_group_with_a_retention" {
  command = plan

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/acme-prod-report-generator" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "The log group must carry the function's name and the platform's retention."
  }
}

run "a_function_without_statements_may_only_write_its_logs_and_traces" {
  command = plan

  assert {
    condition     = data.aws_iam_policy_document.this.statement[*].sid == tolist(["WriteOwnLogs", "WriteTraces"])
    error_message = "The role has a statement that nobody asked for."
  }

  assert {
    condition     = data.aws_iam_policy_document.this.statement[0].resources == toset(["arn:aws:logs:eu-west-1:123456789012:log-group:mocked:*"])
    error_message = "Logs must be limited to the function's own group."
  }

  assert {
    condition     = aws_lambda_function.this.tracing_config[0].mode == "Active"
    error_message = "Tracing must be on: the role is allowed to write traces."
  }
}

run "a_statement_becomes_a_sentence_of_the_roles_policy" {
  command = plan

  variables {
    statements = {
      ReadUsageEvents = {
        actions    = ["s3:GetObject"]
        resources  = ["arn:aws:s3:::events/events/*"]
        conditions = [{ test = "StringEquals", variable = "aws:ResourceAccount", values = ["123456789012"] }]
      }
      DescribeImages = { actions = ["ec2:DescribeImages"], any_resource = true }
    }
  }

  assert {
    condition     = data.aws_iam_policy_document.this.statement[*].sid == tolist(["DescribeImages", "ReadUsageEvents", "WriteOwnLogs", "WriteTraces"])
    error_message = "Each statement must keep its sid."
  }

  assert {
    condition     = data.aws_iam_policy_document.this.statement[0].resources == toset(["*"]) && data.aws_iam_policy_document.this.statement[1].resources == toset(["arn:aws:s3:::events/events/*"])
    error_message = "Only any_resource may stand for every resource."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.this.statement[1].condition).variable == "aws:ResourceAccount"
    error_message = "Conditions must reach the policy."
  }
}

run "errors_and_throttles_raise_alarms_that_name_the_next_command" {
  command = plan

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.this) == ["errors", "throttles"]
    error_message = "Errors and throttles must each have an alarm."
  }

  assert {
    condition = alltrue([
      for alarm in values(aws_cloudwatch_metric_alarm.this) :
      alarm.dimensions == tomap({ FunctionName = "acme-prod-report-generator" })
      && alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:on-call"])
      && strcontains(alarm.alarm_description, "Next: opsctl ")
      && alarm.treat_missing_data == "notBreaching"
    ])
    error_message = "An alarm must watch this function, tell the topics and name the next command."
  }
}

run "an_asynchronous_failure_goes_to_the_queue_it_is_given" {
  command = plan

  variables {
    on_failure = { destination_arn = "arn:aws:sqs:eu-west-1:123456789012:failures" }
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this[0].destination_config[0].on_failure[0].destination == "arn:aws:sqs:eu-west-1:123456789012:failures" && aws_lambda_function_event_invoke_config.this[0].qualifier == "live"
    error_message = "Failed invocations of the alias must reach the destination."
  }

  assert {
    condition     = data.aws_iam_policy_document.this.statement[0].sid == "ReportFailedInvocations" && data.aws_iam_policy_document.this.statement[0].actions == toset(["sqs:SendMessage"])
    error_message = "The role must be allowed to send to the destination."
  }
}

run "an_asynchronous_failure_goes_to_the_topic_it_is_given" {
  command = plan

  variables {
    on_failure = { destination_arn = "arn:aws:sns:eu-west-1:123456789012:failures" }
  }

  assert {
    condition     = data.aws_iam_policy_document.this.statement[0].actions == toset(["sns:Publish"])
    error_message = "The role must be allowed to publish to the destination."
  }
}

run "two_regions_of_an_account_have_roles_of_their_own" {
  command = plan

  variables {
    platform = {
      name_prefix        = "acme-prod"
      region             = "us-east-1"
      log_retention_days = 30
      alarm_topic_arns   = []
    }
  }

  assert {
    condition     = aws_iam_role.this.name == "acme-prod-report-generator-us-east-1" && aws_lambda_function.this.function_name == "acme-prod-report-generator"
    error_message = "IAM is global: the role's name must carry the region, and nothing else needs it."
  }
}

run "a_function_without_reserved_concurrency_shares_the_accounts_pool" {
  command = plan

  variables {
    reserved_concurrency = null
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == -1 || aws_lambda_function.this.reserved_concurrent_executions == null
    error_message = "Nothing may be reserved unasked: a new account has 10 executions in all."
  }
}

run "an_account_with_rules_of_its_own_gets_its_boundary_path_key_network_and_tags" {
  command = plan

  variables {
    platform = {
      name_prefix              = "acme-prod"
      region                   = "eu-west-1"
      log_retention_days       = 30
      alarm_topic_arns         = []
      permissions_boundary_arn = "arn:aws:iam::123456789012:policy/platform"
      role_path                = "/platform/"
      kms_key_arn              = "arn:aws:kms:eu-west-1:123456789012:key/1"
      network                  = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
      tags                     = { cost-centre = "42" }
    }
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == "arn:aws:iam::123456789012:policy/platform" && aws_iam_role.this.path == "/platform/"
    error_message = "The role must carry the boundary and the path."
  }

  assert {
    condition     = aws_lambda_function.this.kms_key_arn == "arn:aws:kms:eu-west-1:123456789012:key/1" && aws_cloudwatch_log_group.this.kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/1"
    error_message = "The key must be that of the settings and of the logs."
  }

  assert {
    condition     = aws_lambda_function.this.vpc_config[0].subnet_ids == toset(["subnet-1", "subnet-2"]) && strcontains(output.permissions["JoinTheNetwork"], "ec2:CreateNetworkInterface")
    error_message = "The function must run in the subnets, and be allowed to."
  }

  assert {
    condition     = aws_lambda_function.this.tags == tomap({ cost-centre = "42", service = "report-generator" })
    error_message = "The tags must be beside the module's own."
  }
}

run "a_function_that_nobody_puts_into_a_network_asks_for_none" {
  command = plan

  assert {
    condition     = length(aws_lambda_function.this.vpc_config) == 0 && aws_iam_role.this.path == "/" && aws_iam_role.this.permissions_boundary == null
    error_message = "Nothing of this may happen unasked."
  }
}

run "a_later_provider_may_bring_a_later_python" {
  command = plan

  variables {
    further_runtimes = ["python3.13"]
  }

  assert {
    condition     = aws_lambda_function.this.runtime == "python3.13"
    error_message = "A runtime that is known needs no naming, and may be named."
  }
}

run "a_function_without_settings_has_no_block_for_them" {
  command = plan

  assert {
    condition     = length(aws_lambda_function.this.environment) == 0
    error_message = "An empty block would be changed in every plan."
  }
}
