mock_provider "aws" {
  source = "../testing/mocks"
}

run "the_topic_carries_the_platforms_prefix" {
  command = plan

  variables {
    platform = { name_prefix = "acme-prod" }
  }

  assert {
    condition     = aws_sns_topic.this.name == "acme-prod-alerts" && aws_sns_topic.this.kms_master_key_id == null
    error_message = "Alarms must be able to publish to the stack's topic."
  }
}
