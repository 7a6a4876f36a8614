"""Trusted: the process that holds the tests and the expected values, asks the solution for data, and decides the verdict. What
it takes from the solution's side is data to compare.
"""
