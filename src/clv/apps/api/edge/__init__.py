"""The edge: who may ask, what may come in, and what is said to those turned away."""
