"""From the reports of all patients to one view of them."""
