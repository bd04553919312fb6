"""Strangers: opens connections to an SSH server at a steady pace, each from another address, and never logs in.

flood.py SERVER PORT SOURCES KIND PER_MINUTE, where SOURCES is a prefix whose addresses are all ours, and KIND one of
  silent      says nothing
  greeting    sends its greeting and nothing more
  exchanging  sends its whole part of a key exchange at once, computed by nobody, so that the server computes
  all         each of them in turn
Prints how many connections it opened, how many of them the server ended, in how many seconds, and how many more this machine
refused it, once its standard input ends.
"""

import ipaddress
import random
import resource
import select
import socket
import struct
import sys
import time


def packet(payload):
    # Padding of 4 bytes at least, up to a multiple of 8 (RFC 4253 section 6).
    padding = 8 - (len(payload) + 5) % 8
    if padding < 4:
        padding += 8
    return struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding)


def string(data):
    return struct.pack(">I", len(data)) + data


LISTS = [
    b"curve25519-sha256", b"ssh-ed25519", b"aes256-ctr", b"aes256-ctr", b"hmac-sha2-256-etm@openssh.com",
    b"hmac-sha2-256-etm@openssh.com", b"none", b"none", b"", b"",
]
GREETING = b"SSH-2.0-stranger\r\n"
KEXINIT = b"\x14" + b"A" * 16 + b"".join(map(string, LISTS)) + b"\0" + bytes(4)
EXCHANGE = GREETING + packet(KEXINIT) + packet(b"\x1e" + string(b"\x09" + bytes(31))) + packet(b"\x15")
SAYS = {"silent": [b""], "greeting": [GREETING], "exchanging": [EXCHANGE], "all": [b"", GREETING, EXCHANGE]}


def open_stranger(family, network, server, port):
    """None where this machine has no more sockets or ports to give."""
    try:
        stranger = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return None
    try:
        stranger.setblocking(False)
        source = network[random.randrange(1, network.num_addresses - 1)]
        stranger.bind((str(source), 0))
        stranger.connect((server, port))
    except BlockingIOError:
        pass
    except OSError:
        stranger.close()
        return None
    return stranger


def main():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server, port, sources, kind, pace = sys.argv[1:]
    network = ipaddress.ip_network(sources)
    family = socket.AF_INET if network.version == 4 else socket.AF_INET6
    says, port, pause = SAYS[kind], int(port), 60 / int(pace)
    poller = select.poll()
    poller.register(0, select.POLLIN)
    held, unsent, opened, ended, refused, ends = {}, {}, 0, 0, 0, False
    begun = time.monotonic()
    while True:
        due = begun + (opened + refused) * pause
        for number, event in poller.poll(max(0, (due - time.monotonic()) * 1000)):
            if number == 0:
                ends = True
                continue
            stranger = held[number]
            try:
                if number in unsent and event & select.POLLOUT:
                    stranger.send(unsent.pop(number))
                    poller.modify(number, select.POLLIN)
                if not event & (select.POLLIN | select.POLLHUP | select.POLLERR) or stranger.recv(4096):
                    continue
            except OSError:
                pass
            unsent.pop(number, None)
            poller.unregister(number)
            held.pop(number).close()
            ended += 1
        # What a moment without the processor kept it from is made good, also at the end.
        while begun + (opened + refused) * pause <= time.monotonic():
            stranger = open_stranger(family, network, server, port)
            if stranger is None:
                refused += 1
                continue
            data = says[opened % len(says)]
            opened += 1
            number = stranger.fileno()
            held[number] = stranger
            if data:
                unsent[number] = data
            poller.register(number, select.POLLIN | (select.POLLOUT if data else 0))
        if ends:
            print(opened, ended, round(time.monotonic() - begun, 3), refused, flush=True)
            return


main()
