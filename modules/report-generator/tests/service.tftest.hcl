mock_provider "aws" {
  source = "../testing/mocks"
}

override_resource {
  target          = module.queue.aws_sqs_queue.dead_letter
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:acme-prod-report-requests-dead-letter"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-prod-report-requests-dead-letter"
  }
}

override_resource {
  target          = module.queue.aws_sqs_queue.this
  override_during = plan
  values = {
    arn = "arn:aws:sqs:eu-west-1:123456789012:acme-prod-report-requests"
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/acme-prod-report-requests"
  }
}

variables {
  platform = {
    name_prefix        = "acme-prod"
    partition          = "aws"
    region             = "eu-west-1"
    account_id         = "123456789012"
    log_retention_days = 30
    alarm_topic_arns   = []
  }
  code = {
    bucket       = "acme-artifacts"
    s3_key       = "lambda/report-generator/abc123.zip"
    key          = "abc123"
    handler      = "report_generator.handler.handle"
    runtime      = "python3.13"
    architecture = "arm64"
  }
  usage_events_bucket = { name = "acme-usage-events", arn = "arn:aws:s3:::acme-usage-events" }
  reports_bucket      = { name = "acme-reports", arn = "arn:aws:s3:::acme-reports" }
  reports_table       = { name = "acme-report-states", arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/acme-report-states" }
  accounts_table      = { name = "acme-accounts", arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/acme-accounts" }
}

run "the_function_and_its_queue_agree_on_the_timeout" {
  command = plan

  variables {
    timeout_seconds = 90
  }

  assert {
    condition     = output.function.timeout_seconds == 90 && module.queue.visibility_timeout_seconds == 540
    error_message = "The visibility timeout must follow the function's timeout."
  }
}

run "the_disk_holds_what_athena_does_not_read" {
  command = plan

  variables {
    athena_above_mb = 1000
  }

  assert {
    condition     = module.function.function.disk_mb == 3512
    error_message = "The disk must follow the size from which on Athena reads."
  }
}

run "more_than_the_disk_could_hold_is_refused" {
  command = plan
  variables {
    athena_above_mb = 4000
  }
  expect_failures = [var.athena_above_mb]
}

run "the_service_is_known_by_its_roles" {
  command = plan

  assert {
    condition     = output.stack.functions["report-generator"].name == "acme-prod-report-generator" && output.stack.queues["report-requests"].consumer == "report-generator"
    error_message = "The stack description must get the function and its queue by their roles."
  }
}

run "the_role_may_do_what_the_handler_does_and_no_more" {
  command = plan

  assert {
    condition = output.permissions == {
      LookUpAccounts             = "dynamodb:GetItem arn:aws:dynamodb:eu-west-1:123456789012:table/acme-accounts"
      FindUsageEvents            = "s3:ListBucket arn:aws:s3:::acme-usage-events if s3:prefix compacted/* directory/* events/*"
      ReadUsageEvents            = "s3:GetObject arn:aws:s3:::acme-usage-events/compacted/* arn:aws:s3:::acme-usage-events/directory/* arn:aws:s3:::acme-usage-events/events/*"
      SeeWhichReportsThereAre    = "s3:ListBucket arn:aws:s3:::acme-reports if s3:prefix athena/* peers/* reports/* summaries/*"
      QueryLargeAccounts         = "athena:GetQueryExecution athena:StartQueryExecution arn:aws:athena:eu-west-1:123456789012:workgroup/acme-prod-reports"
      DescribeQueriedFiles       = "glue:CreateTable glue:DeletePartition glue:DeleteTable glue:GetDatabase glue:GetPartition glue:GetPartitions glue:GetTable arn:aws:glue:eu-west-1:123456789012:catalog arn:aws:glue:eu-west-1:123456789012:database/acme_prod_reports arn:aws:glue:eu-west-1:123456789012:table/acme_prod_reports/*"
      FindTheDefaultDatabase     = "glue:CreateDatabase glue:GetDatabase arn:aws:glue:eu-west-1:123456789012:catalog arn:aws:glue:eu-west-1:123456789012:database/default"
      FindOwnUploads             = "s3:ListBucketMultipartUploads arn:aws:s3:::acme-reports"
      LocateBuckets              = "s3:GetBucketLocation arn:aws:s3:::acme-reports arn:aws:s3:::acme-usage-events"
      KeepQueryResultsForAMoment = "s3:AbortMultipartUpload s3:DeleteObject s3:GetObject s3:ListMultipartUploadParts s3:PutObject arn:aws:s3:::acme-reports/athena/*"
      DeliverReports             = "s3:PutObject arn:aws:s3:::acme-reports/reports/*"
      KeepNumbersOfEarlierMonths = "s3:GetObject s3:PutObject arn:aws:s3:::acme-reports/summaries/*"
      CompareWithPeers           = "s3:GetObject arn:aws:s3:::acme-reports/peers/*"
      TrackReports               = "dynamodb:GetItem dynamodb:UpdateItem arn:aws:dynamodb:eu-west-1:123456789012:table/acme-report-states"
      BuryWhatFailedForGood      = "sqs:SendMessage arn:aws:sqs:eu-west-1:123456789012:acme-prod-report-requests-dead-letter"
      AnnounceDeliveries         = "sns:Publish arn:aws:sns:eu-west-1:123456789012:mocked"
      TakeMessages               = "sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage arn:aws:sqs:eu-west-1:123456789012:acme-prod-report-requests"
      PutOffRetries              = "sqs:ChangeMessageVisibility arn:aws:sqs:eu-west-1:123456789012:acme-prod-report-requests"
      WriteOwnLogs               = "logs:CreateLogStream logs:PutLogEvents arn:aws:logs:eu-west-1:123456789012:log-group:mocked:*"
      WriteTraces                = "xray:PutTelemetryRecords xray:PutTraceSegments *"
    }
    error_message = "The generator's permissions changed: is that what its handler needs?"
  }
}

run "every_way_to_fail_has_an_alarm" {
  command = plan

  assert {
    condition = toset(output.alarm_names) == toset([
      "acme-prod-report-generator-errors",
      "acme-prod-report-generator-throttles",
      "acme-prod-report-requests-age",
      "acme-prod-report-requests-dead-letters",
      "acme-prod-report-requests-depth",
      "acme-prod-report-requests-stalled",
    ])
    error_message = "Errors, throttles, depth, age, a stalled queue and dead letters must each have an alarm."
  }
}

run "a_back_off_over_its_cap_is_refused" {
  command = plan
  variables {
    retry_base_seconds = 901
  }
  expect_failures = [var.retry_base_seconds]
}

run "an_e_mail_is_sent_from_that_address_only_whichever_identity_verified_it" {
  command = plan

  variables {
    email = { sender = "reports@example.com", recipient = "success@example.org" }
  }

  assert {
    condition = output.permissions["SendEmail"] == join(" ", [
      "ses:SendEmail",
      "arn:aws:ses:eu-west-1:123456789012:identity/example.com",
      "arn:aws:ses:eu-west-1:123456789012:identity/example.org",
      "arn:aws:ses:eu-west-1:123456789012:identity/reports@example.com",
      "arn:aws:ses:eu-west-1:123456789012:identity/success@example.org",
      "if ses:FromAddress reports@example.com",
    ])
    error_message = "The generator must be allowed to send from that address, and from no other; in SES's sandbox the recipient's identity is asked for as well."
  }
}

run "a_domain_above_the_senders_and_its_configuration_set_are_allowed" {
  command = plan

  variables {
    email = { sender = "reports@mail.example.com", recipient = "success@example.com", identity = "example.com", configuration_set = "product" }
  }

  assert {
    condition     = strcontains(output.permissions["SendEmail"], ":identity/example.com ") && strcontains(output.permissions["SendEmail"], ":configuration-set/product ")
    error_message = "SES asks for the identity that is verified, and for its configuration set."
  }
}

run "an_identity_that_cannot_verify_the_sender_is_refused" {
  command = plan
  variables {
    email = { sender = "reports@example.com", recipient = "success@example.com", identity = "example.org" }
  }
  expect_failures = [var.email]
}

run "an_address_without_an_at_sign_is_refused" {
  command = plan
  variables {
    email = { sender = "reports", recipient = "success@example.com" }
  }
  expect_failures = [var.email]
}
