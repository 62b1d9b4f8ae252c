"""The test kit: the one place for what tests share, a module for each need.

`run` runs the tap in this process, `command` runs its command line, `demo` makes an account and a
demo that answers as told, `login` asks Billit by a login, `expected` says what a stream should
bring, `history` plays syncs of an account that changes, `sockets` are servers that speak no HTTP.
"""
