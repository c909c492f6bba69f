"""Network namespaces, one per rank, joined by a bridge; every link is shaped in both directions by a token bucket."""

import os
import shutil
import signal
import subprocess
import sys

RECEIVE = """
import socket, sys, time
with socket.create_server((sys.argv[1], 4000)) as listener:
    print("listening", flush=True)
    connection, _ = listener.accept()
    received, began = 0, None
    while data := connection.recv(1 << 20):
        began = began or time.monotonic()
        received += len(data)
    print(received / (time.monotonic() - began))
"""
SEND = """
import socket, sys, time
data = memoryview(bytes(1 << 20))
with socket.create_connection((sys.argv[1], 4000)) as connection:
    end = time.monotonic() + float(sys.argv[2])
    while time.monotonic() < end:
        connection.sendall(data)
"""


def parse_rate(text):
    """Bits per second of a rate like 1gbit or 250mbit."""
    for unit, factor in (("gbit", 1e9), ("mbit", 1e6)):
        if text.endswith(unit):
            return float(text[: -len(unit)]) * factor
    raise ValueError(f"no rate: {text}; write 1gbit or 250mbit")


class ShapedLinks:
    """A context manager; namespaces are gone when it ends, also by SIGTERM."""

    def __init__(self, ranks, rate):
        missing = [tool for tool in ("ip", "tc") if not shutil.which(tool)]
        if missing or os.geteuid():
            raise PermissionError(f"Cannot make networks: needs root and iproute2's ip and tc; missing: {missing}")
        self.ranks = ranks
        self.rate = parse_rate(rate)
        self.prefix = f"sandglass-{os.getpid()}"

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def build(self):
        hub = self.namespace("hub")
        run("ip", "netns", "add", hub)
        run("ip", "-n", hub, "link", "add", "bridge", "type", "bridge")
        run("ip", "-n", hub, "link", "set", "bridge", "up")
        for rank in range(self.ranks):
            own, port = self.namespace(rank), f"port{rank}"
            run("ip", "netns", "add", own)
            run("ip", "-n", own, "link", "set", "lo", "up")
            run("ip", "-n", hub, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", own)
            run("ip", "-n", hub, "link", "set", port, "master", "bridge", "up")
            run("ip", "-n", own, "address", "add", f"{self.address(rank)}/24", "dev", "eth0")
            run("ip", "-n", own, "link", "set", "eth0", "up")
            self.shape(own, "eth0")
            self.shape(hub, port)

    def change(self, rate):
        """Another rate, in bits per second, for all links."""
        self.rate = rate
        for rank in range(self.ranks):
            self.shape(self.namespace(rank), "eth0")
            self.shape(self.namespace("hub"), f"port{rank}")

    def shape(self, namespace, device):
        # A burst of 2 ms: more than a packet of 64 KiB, and too little to show in what is measured.
        burst = max(128 << 10, int(self.rate / 8 * 0.002))
        run("tc", "-n", namespace, "qdisc", "replace", "dev", device, "root", "tbf",
            "rate", str(int(self.rate)), "burst", str(burst), "latency", "50ms")

    def namespace(self, rank):
        return f"{self.prefix}-{rank}"

    def address(self, rank):
        return f"10.83.0.{rank + 1}"

    def inside(self, rank, command):
        return ["ip", "netns", "exec", self.namespace(rank), *command]

    def stream(self, seconds=2):
        """Bytes per second of a plain TCP stream from rank 0 to rank 1: what headers and kernel leave of the rate."""
        receiver = subprocess.Popen(
            self.inside(1, [sys.executable, "-c", RECEIVE, self.address(1)]), stdout=subprocess.PIPE, text=True)
        try:
            receiver.stdout.readline()
            run(*self.inside(0, [sys.executable, "-c", SEND, self.address(1), str(seconds)]))
            return float(receiver.communicate(timeout=30)[0])
        finally:
            receiver.kill()
            receiver.wait()

    def __exit__(self, *_):
        for rank in ["hub", *range(self.ranks)]:
            subprocess.run(["ip", "netns", "delete", self.namespace(rank)], stderr=subprocess.DEVNULL, check=False)


def run(*command):
    subprocess.run(command, check=True)
