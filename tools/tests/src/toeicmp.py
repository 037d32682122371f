# SPDX-License-Identifier: GPL-2.0
"""toeicmp.py DEVICE PORT MTU good|stray COUNT: watches segments to that port on
DEVICE and says of each, as a router does, that it was too large for MTU. With
"stray" it quotes a sequence number that is not on its way."""

import socket
import struct
import sys

ETH_P_IP = 0x0800
TYPE, CODE = 3, 4		# unreachable, fragmentation needed
LIMIT = 2000			# frames looked at


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def complaint(packet, mtu, stray):
    quoted = bytearray(packet[:28])
    if stray:
        seq = struct.unpack("!I", quoted[24:28])[0]
        quoted[24:28] = struct.pack("!I", (seq + 0x40000000) & 0xffffffff)
    body = struct.pack("!HH", 0, mtu) + bytes(quoted)
    head = struct.pack("!BB", TYPE, CODE)
    return head + struct.pack("!H", checksum(head + b"\0\0" + body)) + body


def main(device, port, mtu, kind, count):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                         socket.htons(ETH_P_IP))
    wire.bind((device, ETH_P_IP))
    wire.settimeout(5)
    icmp = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sent = 0
    for _ in range(LIMIT):
        packet = wire.recv(128)
        if packet[9] != socket.IPPROTO_TCP or packet[0] != 0x45:
            continue
        if struct.unpack("!H", packet[22:24])[0] != port or \
           struct.unpack("!H", packet[2:4])[0] < 1000:
            continue
        icmp.sendto(complaint(packet, mtu, kind == "stray"),
                    (socket.inet_ntoa(packet[12:16]), 0))
        sent += 1
        if sent == count:
            break
    print("complained %d times" % sent)
    return 0 if sent else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]),
                  sys.argv[4], int(sys.argv[5])))
