"""A synthetic survey with a known truth: what it yields describes no real place, and says so in every row."""
