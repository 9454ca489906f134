"""The API of desk, tablets and administration, under `/api/v1`."""
