# SPDX-License-Identifier: GPL-2.0
"""toefields.py ADDRESS PORT DEVICE: connects to a toemeter, has its own socket
offloaded, sets what goes into the IP header, and looks on the wire for it."""

import os
import socket
import struct
import subprocess
import sys
import time

ETH_P_ALL = 3
HEADER = 14
TOECTL = os.path.join(os.environ["TOP"], "build/toectl")
TURNS = 4
LIMIT = 77
TOS = 0x88


def fields(frame, port):
    """(TTL, TOS, payload bytes) of a segment to that port, else None."""
    kind = struct.unpack("!H", frame[12:14])[0]
    packet = frame[HEADER:]
    if kind == 0x0800 and packet[9] == socket.IPPROTO_TCP:
        ttl, tos, tcp = packet[8], packet[1], packet[20:]
        length = struct.unpack("!H", packet[2:4])[0] - 20
    elif kind == 0x86dd and packet[6] == socket.IPPROTO_TCP:
        ttl, tcp = packet[7], packet[40:]
        tos = struct.unpack("!H", packet[0:2])[0] >> 4 & 0xff
        length = struct.unpack("!H", packet[4:6])[0]
    else:
        return None
    if struct.unpack("!H", tcp[2:4])[0] != port:
        return None
    return ttl, tos, length - (tcp[12] >> 4) * 4


def turn(conn):
    """One request of toemeter's, and its answer."""
    conn.sendall(bytes(64))
    got = 0
    while got < 64:
        got += len(conn.recv(64 - got))


def state():
    out = subprocess.run((TOECTL, "--json", "list"), stdout=subprocess.PIPE,
                         text=True, check=True).stdout
    return '"state":"offloaded"' in out


def main(address, port, device):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                         socket.htons(ETH_P_ALL))
    wire.bind((device, 0))
    wire.settimeout(0.5)
    conn = socket.create_connection((address, int(port)), timeout=20)
    conn.sendall(struct.pack("=IIQ", ord("t"), 0, 3 * TURNS))
    turn(conn)
    subprocess.run((TOECTL, "offload", "--pid", str(os.getpid()), "--fd",
                    str(conn.fileno())), check=True)
    if conn.family == socket.AF_INET6:
        conn.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, LIMIT)
        conn.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, TOS)
    else:
        conn.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, LIMIT)
        conn.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, TOS)
    # the target is told by an operation; what is sent then has them
    end = time.monotonic() + 10
    seen = None
    for _ in range(TURNS):
        turn(conn)
    while seen != (LIMIT, TOS, 64) and time.monotonic() < end:
        try:
            frame = wire.recvfrom(2048)[0]
        except socket.timeout:
            turn(conn)
            continue
        found = fields(frame, int(port))
        if found and found[2]:
            seen = found
            print("ttl %d tos %#x bytes %d" % found)
    if seen != (LIMIT, TOS, 64):
        raise SystemExit("no segment with TTL %d and TOS %#x" % (LIMIT, TOS))
    if not state():
        raise SystemExit("the connection is not at the target any more")


if __name__ == "__main__":
    main(*sys.argv[1:4])
