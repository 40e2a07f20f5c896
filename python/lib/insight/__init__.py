"""The account-data domain, shared by Lambdas and notebooks: periods, requests, metrics, reports."""
