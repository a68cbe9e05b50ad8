"""The use cases issue, deploy and renew, over interfaces only."""
