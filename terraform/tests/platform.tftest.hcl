mock_provider "aws" {
  source = "../modules/testing/mocks"
}

override_resource {
  target          = module.report_generator.module.queue.aws_sqs_queue.dead_letter
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:opsctl-prod-report-requests-dead-letter"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/opsctl-prod-report-requests-dead-letter"
  }
}

override_resource {
  target          = module.report_generator.module.queue.aws_sqs_queue.this
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:opsctl-prod-report-requests"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/opsctl-prod-report-requests"
  }
}

variables {
  environment      = "prod"
  region           = "eu-west-1"
  artifacts_bucket = "opsctl-artifacts-123456789012-eu-west-1"
  build_manifest   = "tests/manifest.json"
}

run "the_report_generator_reserves_five_executions_by_default" {
  command = plan

  assert {
    condition     = module.report_generator.reserved_concurrency == 5
    error_message = "Five executions are the design's throttle."
  }
}

run "null_reserves_nothing_and_leaves_the_mapping_as_the_throttle" {
  command = plan

  variables {
    report_generator = { reserved_concurrency = null }
  }

  assert {
    condition     = module.report_generator.reserved_concurrency == null
    error_message = "An account whose quota is 10 cannot reserve anything, so null must reach the function."
  }
}

run "a_misspelled_setting_of_the_generator_is_refused" {
  command = plan

  variables {
    report_generator = { reserved_concurency = 2 }
  }

  expect_failures = [var.report_generator]
}

run "the_rules_of_the_account_reach_the_functions" {
  command = plan

  variables {
    account_rules = {
      network     = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
      kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1"
    }
  }

  assert {
    condition     = alltrue([for permissions in [module.report_generator.permissions, module.report_month.permissions, module.report_sweep.permissions, module.report_request.permissions] : contains(keys(permissions), "JoinTheNetwork") && contains(keys(permissions), "ReadOwnSettings")])
    error_message = "Every function must run in the account's network and read its settings with the account's key."
  }
}
