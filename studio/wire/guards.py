"""What stands between a face's server and the network."""

import os

from starlette.middleware import Middleware

from studio.runs import visitors
from studio.wire import limits
from studio.wire.gate import Gate, Waiting
from studio.wire.origin import Origin, hosts, proxies

LOCAL = "127.0.0.1"


def guards(host: str | None, waiting: Waiting | None = None, scripts: str = "") -> list[Middleware]:
    """List the guards of a server that listens at `host`, the outermost first.

    Args:
        waiting: the runs in its queue.
        scripts: further sources of scripts, as a content security policy names them.

    Raises:
        DeviceError: STUDIO_HOSTS or STUDIO_LIMITS cannot be read.
    """
    trust_proxies()
    counted = limits.Limits(limits.read(os.environ.get("STUDIO_LIMITS", "")))
    return [
        Middleware(Origin, hosts=hosts(host or os.environ.get("GRADIO_SERVER_NAME") or LOCAL), scripts=scripts),
        Middleware(Gate, limits=counted, waiting=waiting),
        Middleware(visitors.Cookies, may_have=lambda who: counted.grants("visitors", who)),
    ]


def trust_proxies() -> None:
    """Let uvicorn take the visitor's address from what the proxies of STUDIO_PROXIES say, and from nobody else."""
    os.environ["FORWARDED_ALLOW_IPS"] = proxies()
