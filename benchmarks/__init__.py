"""What the tap costs: `python -m benchmarks.cpu`, `.requests`, `.pace`, …; `--small` first.

`--write` puts the figures into docs/performance.md. Ratios are of one run, as seconds on another
machine mean little.
"""
