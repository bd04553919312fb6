"""Does with paramiko what OpenSSH's client never does. Usage: paramiko-client.py PORT KEY STORY [ARGUMENT...]"""

import sys
import time

import paramiko

port, key, story, arguments = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
transport = paramiko.Transport(("127.0.0.1", port))
# Not the seconds that paramiko gives a server: this one may share a busy machine with many others.
transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = 180
if story == "stranger":
    transport.start_client(timeout=180)
else:
    transport.connect(username="root", pkey=paramiko.Ed25519Key.from_private_key_file(key))


def finish(channel):
    """Prints the output to its end, and the exit code."""
    while True:
        piece = channel.recv(65536)
        if not piece:
            break
        sys.stdout.write(piece.decode())
    print("exit", channel.recv_exit_status())


def early(command, first, rest):
    """Sends before it asks for a program."""
    channel = transport.open_session()
    channel.sendall(first)
    # Answered in order, so that the data has arrived by then.
    transport.global_request("keepalive@openssh.com", wait=True)
    channel.exec_command(command)
    channel.sendall(rest)
    channel.shutdown_write()
    finish(channel)


def signal(command, name):
    """Sends a signal by its name (RFC 4254, section 6.9) once the program says something."""
    channel = transport.open_session()
    channel.exec_command(command)
    said = b""
    while not said.endswith(b"\n"):
        said += channel.recv(1)
    sys.stdout.write(said.decode())
    message = paramiko.Message()
    message.add_byte(bytes([98]))
    message.add_int(channel.remote_chanid)
    message.add_string("signal")
    message.add_boolean(False)
    message.add_string(name)
    transport._send_user_message(message)
    finish(channel)


def sftp(directory):
    """Puts, renames, looks and gets."""
    client = paramiko.SFTPClient.from_transport(transport)
    data = bytes(range(256)) * 4096
    with client.open(directory + "/new", "wb") as file:
        file.set_pipelined(True)
        file.write(data)
    client.chmod(directory + "/new", 0o640)
    client.utime(directory + "/new", (1000000000, 1000000001))
    client.posix_rename(directory + "/new", directory + "/old")
    client.symlink("old", directory + "/link")
    attributes = client.stat(directory + "/link")
    with client.open(directory + "/link", "rb") as file:
        file.prefetch()
        same = file.read() == data
    print(sorted(client.listdir(directory)), oct(attributes.st_mode), attributes.st_mtime, same)
    with client.open(directory + "/old", "r+b") as file:
        file.truncate(10)
    print(client.stat(directory + "/old").st_size, client.normalize(directory + "/../."))


def stranger(packets):
    """Exchanges keys and goes on with packets that mean nothing, until the server ends it."""
    try:
        for _ in range(int(packets)):
            transport.send_ignore(16)
    except (EOFError, OSError, paramiko.SSHException):
        pass
    transport.join(120)
    print("open" if transport.is_active() else "ended")


{"early": early, "signal": signal, "sftp": sftp, "stranger": stranger}[story](*arguments)
transport.close()
