resource "aws_dynamodb_table" "this" {
  name                        = "${var.platform.name_prefix}-${var.role}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = var.key
  deletion_protection_enabled = !var.platform.force_destroy

  dynamic "attribute" {
    for_each = toset(concat([var.key], var.index[*].key))

    content {
      name = attribute.value
      type = "S"
    }
  }

  dynamic "global_secondary_index" {
    for_each = var.index[*]

    content {
      name            = global_secondary_index.value.name
      hash_key        = global_secondary_index.value.key
      projection_type = "ALL"
    }
  }

  point_in_time_recovery {
    enabled = true
  }
}
