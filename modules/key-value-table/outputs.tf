output "table" {
  description = "The table as its users need it: role, name and ARN."
  value = {
    role = var.role
    name = aws_dynamodb_table.this.name
    arn  = aws_dynamodb_table.this.arn
  }
}
