variable "platform" {
  description = "What everything in one environment shares; the root configuration makes it once."
  type = object({
    name_prefix   = string
    force_destroy = bool
  })
}

variable "role" {
  description = "What the table holds, in the plural, such as accounts: its name inside the platform and in opsctl."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.role))
    error_message = "The role must be kebab-case, such as accounts."
  }
}

variable "key" {
  description = "Attribute (a string) that identifies an item."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]*$", var.key))
    error_message = "The key must be a snake_case attribute name, such as account."
  }
}

variable "index" {
  description = "A second attribute (a string) that items are found by, and the name of its index; null for none."
  type        = object({ name = string, key = string })
  default     = null

  validation {
    condition     = var.index == null ? true : can(regex("^[a-z][a-z0-9_]*$", var.index.key)) && var.index.key != var.key
    error_message = "The index must have a snake_case attribute of its own, such as account."
  }
}
