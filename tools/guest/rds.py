#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""rds.py ADDRESS COUNT: datagrams of RDS over RDMA between two sockets of this
machine, both ways at once, every byte compared. Unlike RDS over TCP it does not
take a short cut for local traffic: two queue pairs carry it."""

import errno
import hashlib
import selectors
import socket
import sys
import time

SOL_RDS = 276
SO_RDS_TRANSPORT = 8
RDS_TRANS_IB = 0
SIZES = (0, 1, 100, 4095, 4096, 4097, 20000, 65536, 200000)
WINDOW = 4
DEADLINE = 100


def endpoint(address, port):
    s = socket.socket(socket.AF_RDS, socket.SOCK_SEQPACKET, 0)
    # by TCP it would be no test of ours
    s.setsockopt(SOL_RDS, SO_RDS_TRANSPORT, RDS_TRANS_IB)
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        s.setsockopt(socket.SOL_SOCKET, option, 8 << 20)
    s.bind((address, port))
    s.setblocking(False)
    return s


def message(way, number):
    size = SIZES[number % len(SIZES)]
    seed = hashlib.sha256(b"%d %d" % (way, number)).digest()
    return (seed * (size // len(seed) + 1))[:size]


def main():
    address, count = sys.argv[1], int(sys.argv[2])
    ends = [endpoint(address, 5000), endpoint(address, 5001)]
    names = [end.getsockname() for end in ends]
    sent, got = [0, 0], [0, 0]
    wait = selectors.DefaultSelector()
    for end in ends:
        wait.register(end, selectors.EVENT_READ)
    deadline = time.monotonic() + DEADLINE
    while min(got) < count:
        if time.monotonic() > deadline:
            sys.exit("not done: sent %s, received %s" % (sent, got))
        for way in (0, 1):
            while sent[way] < count and sent[way] - got[way] < WINDOW:
                try:
                    ends[way].sendto(message(way, sent[way]), names[1 - way])
                except OSError as error:
                    # no room here, or the other port is said to be full
                    if error.errno not in (errno.EAGAIN, errno.ENOBUFS):
                        raise
                    break
                sent[way] += 1
        for key, _ in wait.select(0.05):
            way = 1 - ends.index(key.fileobj)
            try:
                data, sender = key.fileobj.recvfrom(2 << 20)
            except BlockingIOError:
                continue	# news about who is full, and no datagram
            if sender != names[way] or data != message(way, got[way]):
                sys.exit("message %d of way %d from %s: %d bytes, wrong" %
                         (got[way], way, sender, len(data)))
            got[way] += 1
    print("%d messages each way" % count)


if __name__ == "__main__":
    main()
