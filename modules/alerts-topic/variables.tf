variable "platform" {
  description = "What everything in one environment shares; the root configuration makes it once."
  type = object({
    name_prefix = string
    account_id  = string
  })
}

variable "emails" {
  description = "Mailboxes that hear of every alarm, once their owner followed the link that AWS sends first."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "Alarms are mailed to addresses such as on-call@example.com."
  }

  validation {
    condition     = length(distinct(var.emails)) == length(var.emails)
    error_message = "A mailbox is named twice: it would hear of nothing twice, and Terraform would not know which is which."
  }
}
