"""What the tap costs: `python -m benchmarks.cpu`, `.requests`, `.pace`, `.memory`; `--small` first.

Each prints ratios within one run, as seconds on another machine mean little.
"""
