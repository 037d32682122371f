#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900 900
# seconds: 45
#
# Files by SMB Direct: the kernel's own server (ksmbd) and client (cifs), both on
# one device. Debian's stock kernel has neither half of it, the test kernel both.

. "$(dirname "$0")/lib.sh"

ADDRESS=10.80.0.1
CONF=/etc/ksmbd/ksmbd.conf
USERS=/etc/ksmbd/ksmbdpwd.db
EXPORT=/tmp/smb-export
MOUNT=/tmp/smb-mount

path_is()
{
	[ "$KIND" != ndk ] || setting ndk0 loopback "$1"
}

no_qps()
{
	! rdma resource show qp link ndk0/1 | grep -q 'type RC'
}

smb_listens()
{
	rdma resource show cm_id link ndk0/1 | grep -q 'state LISTEN' ||
		rdma resource show cm_id | grep -q 'state LISTEN .*:445 '
}

server_up()
{
	mkdir -p $EXPORT $MOUNT /etc/ksmbd /run/lock
	mount -t tmpfs -o size=200m export $EXPORT
	cat >$CONF <<-END
		[global]
			netbios name = NDK
			workgroup = TEST
		[share]
			path = $EXPORT
			read only = no
			force user = root
			force group = root
	END
	: >$USERS
	ksmbd.adduser -a somebody -p secret -i $USERS -c $CONF
	modprobe -a ksmbd cifs
	# what the case starts ends with it: this one has to stay
	setsid ksmbd.mountd -n -c $CONF -u $USERS >"$WORK/mountd" 2>&1 </dev/null &
	wait_for 30 smb_listens
}

server_down()
{
	echo hard >/sys/class/ksmbd-control/kill_server
	wait_for 30 no_qps
	wait_for 30 no_daemon
	wait_for 30 modprobe -r ksmbd
	wait_for 30 modprobe -r cifs
	umount $EXPORT
}

no_daemon()
{
	! pidof -q ksmbd.mountd || { kill "$(pidof -s ksmbd.mountd)"; false; }
}

# smb_mount: without mount's helper, which is one more package
smb_mount()
{
	timeout 60 mount -i -t cifs "//$ADDRESS/share" $MOUNT -o \
		"ip=$ADDRESS,unc=\\\\$ADDRESS\\share,username=somebody,password=secret,vers=3.1.1,rdma,noperm"
}

files()
{
	local size

	path_is "$1"
	smb_mount
	for size in 0 1 100 4097 100000 "$(scaled 1000000 100000000)"; do
		head -c "$size" /dev/urandom >"$WORK/random"
		cp "$WORK/random" $MOUNT/file
		sync $MOUNT/file
		cmp "$WORK/random" $EXPORT/file
		dd if=$MOUNT/file iflag=nocache count=0
		cmp "$WORK/random" $MOUNT/file
	done
	at_least "QPs" 2 "$(rdma resource show qp link ndk0/1 | grep -c 'type RC')"
	umount $MOUNT
}

files_direct()	{ files direct; }
files_wire()	{ files wire; }

if modprobe -n cifs 2>/dev/null && modprobe -n ksmbd 2>/dev/null; then
	run_case loop_up "a device on a dummy netdev"
	run_case server_up "SMB Direct: a server"
	[ "$KIND" != ndk ] || run_case files_direct "SMB Direct, direct copy: every file is right"
	run_case files_wire "SMB Direct, packets: every file is right"
	run_case server_down "SMB Direct: the server goes, nothing stays"
	run_case loop_down "the device goes"
	run_case kernel_is_clean "the kernel has nothing to report"
else
	skip_case "SMB Direct" "this kernel has no server or no client of it"
fi
finish
