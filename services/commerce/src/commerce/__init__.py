"""Money: orders, stock, payments, ledger."""
