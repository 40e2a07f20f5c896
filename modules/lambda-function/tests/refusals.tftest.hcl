mock_provider "aws" {
  source = "../testing/mocks"
}

variables {
  platform = { name_prefix = "acme-prod", region = "eu-west-1", log_retention_days = 30, alarm_topic_arns = [] }
  role     = "report-generator"
  code = {
    bucket       = "acme-artifacts"
    s3_key       = "lambda/report-generator/abc123.zip"
    key          = "abc123"
    handler      = "report_generator.handler.handle"
    runtime      = "python3.13"
    architecture = "arm64"
  }
}

run "a_role_that_is_not_kebab_case_is_refused" {
  command = plan
  variables {
    role = "Report_Generator"
  }
  expect_failures = [var.role]
}

run "a_role_name_over_the_limit_of_64_characters_is_refused" {
  command = plan
  variables {
    role = "generator-of-reports-that-nobody-would-type-twice"
  }
  expect_failures = [var.role]
}

run "code_under_a_name_without_its_key_is_refused" {
  command = plan
  variables {
    code = {
      bucket       = "acme-artifacts"
      s3_key       = "lambda/report-generator/latest.zip"
      key          = "abc123"
      handler      = "report_generator.handler.handle"
      runtime      = "python3.13"
      architecture = "arm64"
    }
  }
  expect_failures = [var.code]
}

run "code_in_a_bucket_and_in_a_file_is_refused" {
  command = plan
  variables {
    code = {
      bucket       = "acme-artifacts"
      s3_key       = "lambda/report-generator/abc123.zip"
      key          = "abc123"
      file         = "main.tf"
      handler      = "report_generator.handler.handle"
      runtime      = "python3.13"
      architecture = "arm64"
    }
  }
  expect_failures = [var.code]
}

run "an_object_without_its_name_is_refused" {
  command = plan
  variables {
    code = {
      bucket       = "acme-artifacts"
      key          = "abc123"
      handler      = "report_generator.handler.handle"
      runtime      = "python3.13"
      architecture = "arm64"
    }
  }
  expect_failures = [var.code]
}

run "a_file_that_is_not_there_is_refused" {
  command = plan
  variables {
    code = {
      file         = "nowhere.zip"
      handler      = "report_generator.handler.handle"
      runtime      = "python3.13"
      architecture = "arm64"
    }
  }
  expect_failures = [var.code]
}

run "an_action_with_a_wildcard_is_refused" {
  command = plan
  variables {
    statements = { DoAnything = { actions = ["s3:*"], resources = ["arn:aws:s3:::events"] } }
  }
  expect_failures = [var.statements]
}

run "every_resource_is_refused_unless_said_on_purpose" {
  command = plan
  variables {
    statements = { ReadEverything = { actions = ["s3:GetObject"], resources = ["*"] } }
  }
  expect_failures = [var.statements]
}

run "a_statement_without_resources_is_refused" {
  command = plan
  variables {
    statements = { ReadNothing = { actions = ["s3:GetObject"] } }
  }
  expect_failures = [var.statements]
}

run "a_sid_that_is_no_sentence_is_refused" {
  command = plan
  variables {
    statements = { "read-events" = { actions = ["s3:GetObject"], resources = ["arn:aws:s3:::events/*"] } }
  }
  expect_failures = [var.statements]
}

run "a_variable_that_belongs_to_the_runtime_is_refused" {
  command = plan
  variables {
    environment = { AWS_REGION = "eu-west-1" }
  }
  expect_failures = [var.environment]
}

run "a_variable_in_lower_case_is_refused" {
  command = plan
  variables {
    environment = { reports_bucket = "reports" }
  }
  expect_failures = [var.environment]
}

run "a_timeout_over_lambdas_limit_is_refused" {
  command = plan
  variables {
    timeout_seconds = 901
  }
  expect_failures = [var.timeout_seconds]
}

run "a_disk_over_lambdas_limit_is_refused" {
  command = plan
  variables {
    disk_mb = 10241
  }
  expect_failures = [var.disk_mb]
}

run "a_reserved_concurrency_that_switches_the_function_off_is_refused" {
  command = plan
  variables {
    reserved_concurrency = 0
  }
  expect_failures = [var.reserved_concurrency]
}

run "a_failure_destination_that_is_neither_queue_nor_topic_is_refused" {
  command = plan
  variables {
    on_failure = { destination_arn = "arn:aws:s3:::failures" }
  }
  expect_failures = [var.on_failure]
}

run "a_runtime_that_the_provider_does_not_know_is_refused_with_a_sentence" {
  command = plan
  variables {
    code = {
      bucket       = "acme-artifacts"
      s3_key       = "lambda/report-generator/abc123.zip"
      key          = "abc123"
      handler      = "report_generator.handler.handle"
      runtime      = "python3.14"
      architecture = "arm64"
    }
  }
  expect_failures = [var.code]
}

run "a_path_of_roles_without_its_slashes_is_refused" {
  command = plan
  variables {
    platform = { name_prefix = "acme-prod", region = "eu-west-1", log_retention_days = 30, alarm_topic_arns = [], role_path = "platform" }
  }
  expect_failures = [var.platform]
}

run "a_key_by_its_alias_is_refused" {
  command = plan
  variables {
    platform = { name_prefix = "acme-prod", region = "eu-west-1", log_retention_days = 30, alarm_topic_arns = [], kms_key_arn = "alias/platform" }
  }
  expect_failures = [var.platform]
}

run "a_network_without_security_groups_is_refused" {
  command = plan
  variables {
    platform = { name_prefix = "acme-prod", region = "eu-west-1", log_retention_days = 30, alarm_topic_arns = [], network = { subnet_ids = ["subnet-1"], security_group_ids = [] } }
  }
  expect_failures = [var.platform]
}
