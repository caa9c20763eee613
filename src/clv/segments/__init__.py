"""Who belongs together: RFM scores, value levels."""
