"""The one exception of this reader."""


class Fault(Exception):
    """The octets are not what the specification says they should be; the message says where and why."""
