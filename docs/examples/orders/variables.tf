variable "region" {
  description = "AWS region of the service."
  type        = string
  default     = "eu-west-1"
}

variable "code" {
  description = "Where the functions' zips lie, by role, and what runs them: in a bucket, with the key in their names, or as files on this disk."
  type = map(object({
    bucket       = optional(string)
    s3_key       = optional(string)
    key          = optional(string)
    file         = optional(string)
    handler      = string
    runtime      = optional(string, "python3.13")
    architecture = optional(string, "arm64")
  }))

  default = {
    order-keeper = {
      bucket  = "acme-artifacts-123456789012-eu-west-1"
      s3_key  = "lambda/order-keeper/3f2a.zip"
      key     = "3f2a"
      handler = "order_keeper.handler.handle"
    }
    nightly-check = {
      bucket  = "acme-artifacts-123456789012-eu-west-1"
      s3_key  = "lambda/nightly-check/9c1e.zip"
      key     = "9c1e"
      handler = "nightly_check.handler.handle"
    }
  }
}

variable "alarm_emails" {
  description = "Mailboxes that hear of alarms."
  type        = list(string)
  default     = []
}
