"""The test kit: the one place for what tests share, a module for each need.

A run: `run` in this process, `command` its command line, `process` the tap as a process,
`comparison` with a fault and without. Billit: `demo` answers and fails as told, `dialects` as
Billit may, `sockets` no HTTP at all, `browser` and `client` ask it. A login: `login`, `person` at a
terminal, `refreshes` in other processes. Data: `expected` for each stream, `history` of an account
that changes.
"""
