"""Documents that leave: activity records and the ledger as Excel, PDF, CSV and JSON."""
