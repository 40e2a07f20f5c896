mock_provider "aws" {
  source = "../testing/mocks"
}

variables {
  platform = { name_prefix = "acme-prod", force_destroy = false }
  role     = "accounts"
  key      = "account"
}

run "the_table_is_paid_by_request_and_can_be_restored_to_any_second" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.this.name == "acme-prod-accounts" && aws_dynamodb_table.this.hash_key == "account"
    error_message = "The table must carry the platform's prefix and its key."
  }

  assert {
    condition     = aws_dynamodb_table.this.billing_mode == "PAY_PER_REQUEST" && aws_dynamodb_table.this.point_in_time_recovery[0].enabled
    error_message = "Point-in-time recovery must be on."
  }
}

run "a_table_of_value_is_protected_from_deletion" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "Without force_destroy, deleting the table must be refused."
  }
}

run "a_table_of_an_environment_without_value_can_be_destroyed" {
  command = plan

  variables {
    platform = { name_prefix = "acme-sandbox", force_destroy = true }
  }

  assert {
    condition     = !aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "force_destroy must lift the protection."
  }
}

run "a_role_or_key_that_no_one_can_spell_is_refused" {
  command = plan
  variables {
    role = "Accounts"
    key  = "Account-Id"
  }
  expect_failures = [var.role, var.key]
}

run "items_can_be_found_by_a_second_attribute" {
  command = plan

  variables {
    index = { name = "by-segment", key = "segment" }
  }

  assert {
    condition     = one(aws_dynamodb_table.this.global_secondary_index).hash_key == "segment" && output.table.index_arn == "arn:aws:dynamodb:eu-west-1:123456789012:table/mocked/index/by-segment"
    error_message = "The index must be made and be known to its users."
  }

  assert {
    condition     = toset(aws_dynamodb_table.this.attribute[*].name) == toset(["account", "segment"])
    error_message = "Both keys must be declared."
  }
}

run "an_index_on_the_key_itself_is_refused" {
  command = plan
  variables {
    index = { name = "by-account", key = "account" }
  }
  expect_failures = [var.index]
}
