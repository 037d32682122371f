# SPDX-License-Identifier: GPL-2.0
"""Computes the ICRC of every RoCEv2 packet in a capture (pcap, Ethernet) and
compares it with what is there. Prints how many were right, and how often each
opcode was seen; fails if one was wrong.

usage: icrc.py FILE
"""

import collections
import struct
import sys
import zlib

PORT = 4791


def packets(path):
    with open(path, "rb") as f:
        magic = f.read(24)[:4]
        order = "<" if magic in (b"\xd4\xc3\xb2\xa1", b"M<\xb2\xa1") else ">"
        while True:
            head = f.read(16)
            if len(head) < 16:
                return
            length = struct.unpack(order + "IIII", head)[2]
            yield f.read(length)


def udp_offset(ip):
    """Where UDP begins, and what of the IP header counts: what routers may
    change is taken as ones."""
    if ip[0] >> 4 == 4:
        size = (ip[0] & 15) * 4
        if ip[9] != 17:
            return None
        ip[1] = ip[8] = 0xff
        ip[10:12] = b"\xff\xff"
        return size
    if ip[6] != 17:
        return None
    ip[0:4] = b"\x6f\xff\xff\xff"
    ip[7] = 0xff
    return 40


def check(frame):
    """Opcode and whether the ICRC is right, or None for another packet."""
    ip = bytearray(frame[14:])
    if frame[12:14] not in (b"\x08\x00", b"\x86\xdd"):
        return None
    udp = udp_offset(ip)
    if udp is None or struct.unpack_from(">H", ip, udp + 2)[0] != PORT:
        return None
    end = udp + struct.unpack_from(">H", ip, udp + 4)[0]
    ip[udp + 6:udp + 8] = b"\xff\xff"
    bth = udp + 8
    ip[bth + 4] = 0xff
    crc = zlib.crc32(b"\xff" * 8 + ip[:end - 4])
    return ip[bth], struct.pack("<I", crc) == bytes(ip[end - 4:end])


def main():
    seen = collections.Counter()
    wrong = 0
    for number, frame in enumerate(packets(sys.argv[1]), 1):
        result = check(frame)
        if not result:
            continue
        seen[result[0]] += 1
        if not result[1]:
            wrong += 1
            print("packet %d: wrong ICRC" % number)
    for opcode, count in sorted(seen.items()):
        print("opcode %d %d" % (opcode, count))
    print("right %d" % (sum(seen.values()) - wrong))
    sys.exit(wrong > 0)


main()
