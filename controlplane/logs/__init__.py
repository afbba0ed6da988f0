"""CloudWatch's log agent: what containers write goes to the log store, line by line.

A process of its own (`python -m controlplane.logs`): under load it has a lot to do, and the loops
that watch over the stage must not wait for it. Standard library only.
"""
