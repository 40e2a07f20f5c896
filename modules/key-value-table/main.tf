resource "aws_dynamodb_table" "this" {
  name                        = "${var.platform.name_prefix}-${var.role}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = var.key
  deletion_protection_enabled = !var.platform.force_destroy

  attribute {
    name = var.key
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }
}
