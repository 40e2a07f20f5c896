variable "project" {
  description = "First part of every AWS-visible name."
  type        = string
  default     = "opsctl"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.project)) && length(var.project) <= 12
    error_message = "The project must be kebab-case and at most 12 characters long, so that bucket names stay under their limit of 63."
  }
}

variable "account_id" {
  description = "The only account that may be changed; null takes that of the credentials."
  type        = string
  default     = null

  validation {
    condition     = var.account_id == null ? true : can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id has 12 digits."
  }
}

variable "region" {
  description = "AWS region of the account's environments."
  type        = string
}
