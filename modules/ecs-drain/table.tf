resource "aws_dynamodb_table" "drains" {
  name                        = "${var.platform.name_prefix}-drains"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "instance_id"
  range_key                   = "attempt"
  deletion_protection_enabled = !var.platform.force_destroy

  dynamic "attribute" {
    for_each = { instance_id = "S", attempt = "N", open_in = "S", cluster = "S", started = "N" }

    content {
      name = attribute.key
      type = attribute.value
    }
  }

  # Sparse: only open drains have the attribute, so a poller reads what it works on, however long the history is.
  global_secondary_index {
    name            = "open"
    hash_key        = "open_in"
    range_key       = "instance_id"
    projection_type = "ALL"
  }

  global_secondary_index {
    name            = "by-cluster"
    hash_key        = "cluster"
    range_key       = "started"
    projection_type = "ALL"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  tags = { service = local.consumer.role }
}
