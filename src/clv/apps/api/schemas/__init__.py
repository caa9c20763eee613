"""What requests hold and answers tell."""
