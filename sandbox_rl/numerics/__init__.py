"""The papers' formulas as functions of tensors and arrays: losses, advantages, KL, intervals, calibration.

No config object, no model, no device.
"""
