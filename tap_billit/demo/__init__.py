"""A stand-in for Billit's API: an account that runs on this machine."""

from tap_billit.demo.account import Account
from tap_billit.demo.dialect import Dialect
from tap_billit.demo.messages import Reply, Request
from tap_billit.demo.server import DemoServer

__all__ = ["Account", "DemoServer", "Dialect", "Reply", "Request"]
