variable "project" {
  description = "First part of every AWS-visible name."
  type        = string
  default     = "opsctl"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.project)) && length(var.project) <= 12
    error_message = "The project must be kebab-case and at most 12 characters long, so that bucket names stay under their limit of 63."
  }
}

variable "region" {
  description = "AWS region of the account's environments."
  type        = string
}
