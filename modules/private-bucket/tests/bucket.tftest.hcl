mock_provider "aws" {
  source = "../testing/mocks"
}

variables {
  platform = {
    name_prefix   = "acme-prod"
    region        = "eu-west-1"
    account_id    = "123456789012"
    force_destroy = false
  }
  role = "usage-events"
}

run "nobody_outside_gets_in" {
  command = plan

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "All four switches of the public access block must be on."
  }
}

run "objects_are_encrypted_and_plain_http_is_refused" {
  command = plan

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    error_message = "Objects must be encrypted at rest."
  }

  assert {
    condition     = data.aws_iam_policy_document.tls_only.statement[0].effect == "Deny" && one(data.aws_iam_policy_document.tls_only.statement[0].condition).variable == "aws:SecureTransport"
    error_message = "The policy must deny what does not come over TLS."
  }

  assert {
    condition     = data.aws_iam_policy_document.tls_only.statement[0].resources == toset(["arn:aws:s3:::mocked", "arn:aws:s3:::mocked/*"])
    error_message = "The policy must cover the bucket and its objects."
  }
}

run "the_name_is_unique_over_accounts_and_regions" {
  command = plan

  assert {
    condition     = aws_s3_bucket.this.bucket == "acme-prod-usage-events-123456789012-eu-west-1"
    error_message = "The account and the region must be in the name."
  }

  assert {
    condition     = aws_s3_bucket.this.force_destroy == false
    error_message = "A bucket with objects must survive a destroy unless the platform says otherwise."
  }
}

run "what_is_overwritten_is_kept_for_ever_by_default" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled" && aws_s3_bucket_lifecycle_configuration.this.rule[*].id == tolist(["abort-uploads"])
    error_message = "Versions must be kept, and nothing must expire unasked."
  }
}

run "an_upload_that_died_is_aborted_after_a_week_in_every_bucket" {
  command = plan

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 7
    error_message = "Parts of uploads that died must not be paid for for ever."
  }
}

run "what_lies_below_a_prefix_goes_after_its_own_days" {
  command = plan

  variables {
    prefix_expiration_days = { "athena/" = 1 }
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[1].filter[0].prefix == "athena/" && aws_s3_bucket_lifecycle_configuration.this.rule[1].expiration[0].days == 1 && aws_s3_bucket_lifecycle_configuration.this.rule[1].noncurrent_version_expiration[0].noncurrent_days == 1
    error_message = "Objects below the prefix, and nothing else, must go after a day."
  }
}

run "a_prefix_that_means_other_objects_too_is_refused" {
  command = plan
  variables {
    prefix_expiration_days = { "athena" = 1 }
  }
  expect_failures = [var.prefix_expiration_days]
}

run "what_is_overwritten_goes_after_the_days_asked_for" {
  command = plan

  variables {
    noncurrent_version_days = 30
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[1].noncurrent_version_expiration[0].noncurrent_days == 30 && length(aws_s3_bucket_lifecycle_configuration.this.rule[1].expiration) == 0
    error_message = "Only old versions must expire."
  }
}

run "objects_go_after_the_days_asked_for" {
  command = plan

  variables {
    expiration_days = 7
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this.rule[1].expiration[0].days == 7
    error_message = "Objects must expire after seven days."
  }
}

run "a_role_in_snake_case_is_refused" {
  command = plan
  variables {
    role = "usage_events"
  }
  expect_failures = [var.role]
}

run "a_name_over_the_limit_of_63_characters_is_refused" {
  command = plan
  variables {
    role = "usage-events-of-every-account-there-is"
  }
  expect_failures = [var.role]
}

run "an_expiry_on_the_day_itself_is_refused" {
  command = plan
  variables {
    expiration_days         = 0
    noncurrent_version_days = 0
  }
  expect_failures = [var.expiration_days, var.noncurrent_version_days]
}

run "objects_are_encrypted_with_the_key_that_is_given" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1"
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms" && one(aws_s3_bucket_server_side_encryption_configuration.this.rule).bucket_key_enabled
    error_message = "The key must be used, and not be asked for each object."
  }
}

run "others_may_do_in_the_bucket_what_a_statement_says" {
  command = plan

  variables {
    policy_statements = {
      WriteAccessLogs = {
        actions    = ["s3:PutObject"]
        paths      = ["access-logs/*"]
        principals = { Service = ["logging.s3.amazonaws.com"] }
        conditions = [{ test = "StringEquals", variable = "aws:SourceAccount", values = ["123456789012"] }]
      }
    }
  }

  assert {
    condition     = data.aws_iam_policy_document.tls_only.statement[1].resources == toset(["arn:aws:s3:::mocked/access-logs/*"])
    error_message = "The statement must be about these objects only."
  }
}

run "everybody_without_a_condition_is_refused" {
  command = plan
  variables {
    policy_statements = { ReadAnything = { actions = ["s3:GetObject"], paths = ["*"], principals = { AWS = ["*"] } } }
  }
  expect_failures = [var.policy_statements]
}

run "a_bucket_key_by_its_alias_is_refused" {
  command = plan
  variables {
    kms_key_arn = "alias/platform"
  }
  expect_failures = [var.kms_key_arn]
}
