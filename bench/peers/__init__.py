"""Other ways to do the same work, so that every ratio is measured in the same run."""
