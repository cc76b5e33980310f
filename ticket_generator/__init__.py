"""Realistic support tickets, written to S3 at a steady rate. Needs boto3 alone."""
