"""The tour: all five stages in order, from one policy, on samples the project made.

from trueline.lifecycle.tour.run import run_tour

`trueline tour` brings the gateway and the assistant along, because products do not import
one another.
"""
