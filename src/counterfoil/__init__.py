"""Counterfoil: why was this call refused, and where did the money go?"""

__version__ = "0.1.0"
