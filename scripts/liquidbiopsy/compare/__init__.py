"""What differs between two result sets, and why."""
