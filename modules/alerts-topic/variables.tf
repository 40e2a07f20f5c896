variable "platform" {
  description = "What everything in one environment shares; the root configuration makes it once."
  type        = object({ name_prefix = string })
}
