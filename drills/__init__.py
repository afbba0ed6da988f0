"""The catalogue: one file a drill, data only; tenfold/drill/model.py says what it can hold.

The thresholds are those of the matrix, the same at every stage (docs/writing-a-drill.md).
"""
