"""Figures for analysts: computed once a day by a worker, and protected against conclusions about one person."""
