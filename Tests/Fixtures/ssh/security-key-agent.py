"""An agent (draft-miller-ssh-agent) with one key that signs as a security key does (OpenSSH's PROTOCOL.u2f), without one.

security-key-agent.py TYPE SOCKET FLAGS [CLAIMED], where TYPE is ed25519 or ecdsa, FLAGS the flags that are signed, and
CLAIMED those that are said to be. Prints the public key's line, then serves until its standard input ends.
"""

import base64
import hashlib
import os
import select
import socket
import struct
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

APPLICATION = b"ssh:"


def string(data):
    return struct.pack(">I", len(data)) + data


def mpint(number):
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


def take(data):
    length = struct.unpack(">I", data[:4])[0]
    return data[4 : 4 + length], data[4 + length :]


class Key:
    def __init__(self, kind):
        if kind == "ed25519":
            self.kind = b"sk-ssh-ed25519@openssh.com"
            self.key = ed25519.Ed25519PrivateKey.generate()
            raw = self.key.public_key().public_bytes(
                serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            self.blob = string(self.kind) + string(raw) + string(APPLICATION)
        else:
            self.kind = b"sk-ecdsa-sha2-nistp256@openssh.com"
            self.key = ec.generate_private_key(ec.SECP256R1())
            point = self.key.public_key().public_bytes(
                serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
            self.blob = string(self.kind) + string(b"nistp256") + string(point) + string(APPLICATION)

    def sign(self, data, flags, claimed):
        counter = 7
        signed = (hashlib.sha256(APPLICATION).digest() + struct.pack(">BI", flags, counter)
                  + hashlib.sha256(data).digest())
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            signature = self.key.sign(signed)
        else:
            r, s = utils.decode_dss_signature(self.key.sign(signed, ec.ECDSA(hashes.SHA256())))
            signature = mpint(r) + mpint(s)
        return string(self.kind) + string(signature) + struct.pack(">BI", claimed, counter)


def answer(key, request, flags, claimed):
    if request[0] == 11:  # REQUEST_IDENTITIES
        return b"\x0c" + struct.pack(">I", 1) + string(key.blob) + string(b"security key")
    if request[0] == 13:  # SIGN_REQUEST
        blob, rest = take(request[1:])
        data, _ = take(rest)
        if blob == key.blob:
            return b"\x0e" + string(key.sign(data, flags, claimed))
    return b"\x05"  # FAILURE


def main():
    key, path, flags = Key(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    claimed = int(sys.argv[4]) if len(sys.argv) > 4 else flags
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    os.chmod(path, 0o600)
    listener.listen()
    print(key.kind.decode(), base64.b64encode(key.blob).decode(), "security key", flush=True)
    clients = []
    while True:
        for ready in select.select([sys.stdin, listener] + clients, [], [])[0]:
            if ready is sys.stdin:
                return
            if ready is listener:
                clients.append(listener.accept()[0])
                continue
            head = ready.recv(4, socket.MSG_WAITALL)
            if len(head) < 4:
                clients.remove(ready)
                continue
            reply = answer(key, ready.recv(struct.unpack(">I", head)[0], socket.MSG_WAITALL), flags, claimed)
            ready.sendall(string(reply))


main()
