# SPDX-License-Identifier: GPL-2.0
"""Puts packets of known worth in front of a capture (pcap, Ethernet), for a
decoder to show that it can tell: first sound ones, whose data looks like
something else to one who guesses, then some whose headers are cut short.

usage: decoder_check.py CAPTURE RESULT

Prints how many packets of each kind there are, and of the capture.
"""

import struct
import sys

PORT = 4791
# What data may begin with: two bytes that are an Ethernet type, two that are 0.
# Decoders of Ethernet over InfiniBand look for that.
TYPES = (0x0800, 0x0806, 0x8137, 0x86dd, 0x8863, 0x8864, 0x88cc, 0x88f7, 0x9000)
SEND_ONLY, WRITE_ONLY, COMPARE_SWAP, UD_SEND_ONLY = 4, 10, 19, 100
RETH = struct.pack(">QII", 0x1000, 5, 204)


def checksum(data):
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def packet(opcode, psn, behind):
    """A RoCEv2 packet: what is behind the base header is the caller's."""
    ib = struct.pack(">BBHII", opcode, 0, 0xffff, 0x12, psn) + behind + bytes(4)
    udp = struct.pack(">HHHH", 0xc000, PORT, 8 + len(ib), 0)
    ip = bytearray(struct.pack(">BBHHHBBH4B4B", 0x45, 0, 28 + len(ib), 0, 0x4000,
                               64, 17, 0, 10, 82, 0, 1, 10, 82, 0, 2))
    ip[10:12] = struct.pack(">H", checksum(ip))
    return bytes.fromhex("020000000001" "020000000002" "0800") + ip + udp + ib


def sound():
    for psn, kind in enumerate(TYPES):
        data = struct.pack(">HH", kind, 0) + bytes((7 * i + psn) & 0xff
                                                   for i in range(200))
        yield packet(SEND_ONLY, 2 * psn, data)
        yield packet(WRITE_ONLY, 2 * psn + 1, RETH + data)


def cut_short():
    yield packet(WRITE_ONLY, 1, RETH[:6])
    yield packet(COMPARE_SWAP, 2, bytes(12))
    yield packet(UD_SEND_ONLY, 3, bytes(3))


def record(order, data):
    return struct.pack(order + "IIII", 0, 0, len(data), len(data)) + data


def records(order, data):
    """How many there are."""
    count, at = 0, 0
    while at < len(data):
        at += 16 + struct.unpack_from(order + "I", data, at + 8)[0]
        count += 1
    return count


def main():
    with open(sys.argv[1], "rb") as f:
        head = f.read(24)
        captured = f.read()
    order = "<" if head[:4] in (b"\xd4\xc3\xb2\xa1", b"M<\xb2\xa1") else ">"
    good, bad = list(sound()), list(cut_short())
    with open(sys.argv[2], "wb") as f:
        f.write(head)
        for data in good + bad:
            f.write(record(order, data))
        f.write(captured)
    print(len(good), len(bad), records(order, captured))


main()
