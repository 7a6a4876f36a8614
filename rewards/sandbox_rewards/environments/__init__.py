"""Environments that ship: repair of code, a calculator, and a negotiation."""
