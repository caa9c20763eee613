"""A run behind SageMaker: trained, served and deployed by its contracts."""
