"""Learners: a customer's features in, the spend to expect over a window out."""
