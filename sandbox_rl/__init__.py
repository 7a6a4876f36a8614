"""Align language models with rewards that are executed: PPO with a critic, DPO on the same tasks, and which is worth it."""
