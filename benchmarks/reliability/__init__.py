"""What a load gets while parts of the service are killed under it: `make reliability`."""
