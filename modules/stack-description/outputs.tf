output "stack" {
  description = "The description as an object, the same that the parameter holds as text."
  value       = local.stack
}

output "parameter" {
  description = "Name of the SSM parameter that holds the description."
  value       = aws_ssm_parameter.this.name
}
