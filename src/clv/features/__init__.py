"""One Ibis expression per feature, as of a day."""
