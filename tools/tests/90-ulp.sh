#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900 5400
# seconds: 170
#
# The kernel's own clients of RDMA: disks by NVMe, files by NFS. Both ends are
# on one device, for NVMe knows the first network namespace only; by direct
# copy, and by packets.

. "$(dirname "$0")/lib.sh"

ADDRESS=10.80.0.1
TARGET=/sys/kernel/config/nvmet
NQN=ndk-test
EXPORT=$WORK/export
MOUNT=$WORK/mount

path_is()
{
	[ "$KIND" != ndk ] || setting ndk0 loopback "$1"
}

# Everything that the device's users hold is given back.
nothing_left()
{
	[ -e "$SYS/ndk0" ] || return 0
	! rdma resource show qp link ndk0/1 | grep -q 'type \(RC\|UC\|UD\)' || return
	! rdma resource show cm_id link ndk0/1 | grep -q . || return
	! rdma resource show mr dev ndk0 | grep -q . || return
}

# --- NVMe --------------------------------------------------------------------

target_port()
{
	mkdir $TARGET/ports/1
	echo rdma >$TARGET/ports/1/addr_trtype
	echo ipv4 >$TARGET/ports/1/addr_adrfam
	echo $ADDRESS >$TARGET/ports/1/addr_traddr
	echo 4420 >$TARGET/ports/1/addr_trsvcid
	ln -s $TARGET/subsystems/$NQN $TARGET/ports/1/subsystems/$NQN
}

target_port_down()
{
	rm $TARGET/ports/1/subsystems/$NQN
	rmdir $TARGET/ports/1
}

target_up()
{
	modprobe brd rd_nr=1 rd_size=65536
	modprobe -a nvmet-rdma nvme-rdma
	mountpoint -q /sys/kernel/config || mount -t configfs config /sys/kernel/config
	mkdir $TARGET/subsystems/$NQN
	echo 1 >$TARGET/subsystems/$NQN/attr_allow_any_host
	mkdir $TARGET/subsystems/$NQN/namespaces/1
	echo /dev/ram0 >$TARGET/subsystems/$NQN/namespaces/1/device_path
	echo 1 >$TARGET/subsystems/$NQN/namespaces/1/enable
	target_port
}

target_down()
{
	target_port_down
	echo 0 >$TARGET/subsystems/$NQN/namespaces/1/enable
	rmdir $TARGET/subsystems/$NQN/namespaces/1 $TARGET/subsystems/$NQN
	wait_for 30 nothing_left
	modprobe -r nvmet-rdma nvme-rdma
	modprobe -r brd
}

no_disk()
{
	! compgen -G '/sys/class/nvme/nvme*' >/dev/null
}

attach()
{
	nvme connect -t rdma -a $ADDRESS -s 4420 -n $NQN --nr-io-queues=2 \
		--queue-size=64 --reconnect-delay=1 --ctrl-loss-tmo=5 --keep-alive-tmo=60
	wait_for 20 test -b /dev/nvme0n1
}

detach()
{
	nvme disconnect -n $NQN
	wait_for 30 no_disk
}

disk_fio()
{
	fio --name=disk --filename=/dev/nvme0n1 --ioengine=libaio --direct=1 \
		--iodepth=32 --bsrange=512-256k --bs_unaligned=0 --size=48m \
		--verify=crc32c --verify_fatal=1 --randseed=7 "$@"
}

# same_on DISK: it starts with $WORK/random, whatever the page cache remembers
same_on()
{
	dd if="$1" bs=1M count=8 iflag=direct | cmp "$WORK/random"
}

# The target's own view of the disk is the second opinion.
disk()
{
	path_is "$1"
	attach
	disk_fio --rw=randwrite --io_size="$(scaled 4m 1g)"
	dd if=/dev/urandom of="$WORK/random" bs=1M count=8
	dd if="$WORK/random" of=/dev/nvme0n1 bs=1M oflag=direct
	same_on /dev/ram0
	same_on /dev/nvme0n1
	detach
}

disk_direct()	{ disk direct; }
disk_wire()	{ disk wire; }

attach_again()
{
	local round

	path_is wire
	for round in $(seq "$(scaled 2 100)"); do
		attach
		detach
	done
}

moves()
{
	[ "$(awk '{ print $7 }' /sys/block/nvme0n1/stat)" -gt 500 ]
}

# Ends with errors, but ends. Target and disk lose their device at once.
disk_link_deleted()
{
	local pid status=0

	path_is wire
	attach
	disk_fio --rw=randrw --verify=0 --time_based --runtime=300 >"$WORK/fio" 2>&1 &
	pid=$!
	wait_for 30 moves
	rdma link delete ndk0
	wait $pid || status=$?
	[ "$status" -ne 0 ] || { cat "$WORK/fio"; fail "fio succeeded"; }
	wait_for 60 no_disk
	add_device "$END_LOOP" d0
	target_port_down
	target_port
	attach
	detach
}

# --- NFS ---------------------------------------------------------------------

# nfsd asks user space who may see what; the answers are given in advance, so
# that no daemon is needed. Flags: insecure port, async, no subtree check, and
# "this is file system number 0", the root of NFSv4.
export_to()
{
	local never=2147483647 flags=$((0x2 | 0x10 | 0x400 | 0x2000))

	echo "nfsd $1 $never *" >/proc/net/rpc/auth.unix.ip/channel
	printf '* 1 %sx00000000 %s %s\n' \\ $never "$EXPORT" >/proc/net/rpc/nfsd.fh/channel
	echo "* $EXPORT $never $flags 65534 65534 0" >/proc/net/rpc/nfsd.export/channel
}

server_up()
{
	modprobe -a nfsd rpcrdma nfsv4
	mkdir -p "$EXPORT" "$MOUNT"
	mount -t tmpfs -o size=200m export "$EXPORT"
	mountpoint -q /proc/fs/nfsd || mount -t nfsd nfsd /proc/fs/nfsd
	echo -3 >/proc/fs/nfsd/versions
	# until then clients of the server's former life may claim their files
	echo 10 >/proc/fs/nfsd/nfsv4gracetime
	export_to $ADDRESS
	echo rdma 20049 >/proc/fs/nfsd/portlist
	echo 4 >/proc/fs/nfsd/threads
}

server_down()
{
	echo 0 >/proc/fs/nfsd/threads
	umount "$EXPORT"
	wait_for 30 nothing_left
	umount /proc/fs/nfsd
	modprobe -r nfsv4 nfsd rpcrdma
}

# nfs_mount [OPTIONS]: without mount's helper, which is one more package
nfs_mount()
{
	timeout 60 mount -i -t nfs4 -o "vers=4.2,proto=rdma,port=20049,addr=$ADDRESS,clientaddr=$ADDRESS,sec=sys${1:+,$1}" \
		$ADDRESS:/ "$MOUNT"
}

# forget FILE: of what was read or written nothing stays in memory. (For all files
# at once that would be the programs too, which then come from the host again.)
forget()
{
	dd if="$1" iflag=nocache count=0
}

files()
{
	local size

	path_is "$1"
	nfs_mount
	for size in 0 1 100 4097 100000 "$(scaled 1000000 100000000)"; do
		head -c "$size" /dev/urandom >"$WORK/random"
		cp "$WORK/random" "$MOUNT/file"
		sync "$MOUNT/file"
		cmp "$WORK/random" "$EXPORT/file"
		forget "$MOUNT/file"
		cmp "$WORK/random" "$MOUNT/file"
	done
	# long names, many entries: replies that need more than one chunk
	mkdir "$MOUNT/many"
	(cd "$MOUNT/many" && for ((i = 0; i < $(scaled 40 5000); i++)); do
		: >"a_name_that_takes_its_place_in_the_reply_$i"
	done)
	echo 3 >/proc/sys/vm/drop_caches
	same "files" "$(scaled 40 5000)" "$(find "$MOUNT/many" -type f | wc -l)"
	rm -r "$MOUNT/many"
	fio --name=file --directory="$MOUNT" --ioengine=libaio --direct=1 \
		--iodepth=16 --rw=randwrite --bsrange=1k-300k --bs_unaligned=1 \
		--size=16m --io_size="$(scaled 1m 500m)" --verify=crc32c --verify_fatal=1
	umount "$MOUNT"
}

files_direct()	{ files direct; }
files_wire()	{ files wire; }

grows()
{
	[ "$(stat -c %s "$EXPORT/endless" 2>/dev/null || echo 0)" -gt 3000000 ]
}

files_link_deleted()
{
	local pid

	path_is wire
	nfs_mount soft,timeo=20,retrans=1
	(while :; do
		dd if=/dev/zero of="$MOUNT/endless" bs=1M count=8 oflag=direct || exit
	done) &
	pid=$!
	wait_for 30 grows
	rdma link delete ndk0
	# its reads and writes fail, and nothing waits for ever
	wait_for 60 ended $pid
	timeout 60 umount -f "$MOUNT" || timeout 60 umount -l "$MOUNT"
	add_device "$END_LOOP" d0
}

ended()
{
	! kill -0 "$1" 2>/dev/null
}

run_case loop_up "a device on a dummy netdev"
# first, for a server of files lets its first ten seconds pass
run_case server_up "NFS: a server"
run_case target_up "NVMe: a target in memory"
if [ "$KIND" = ndk ]; then
	run_case disk_direct "NVMe, direct copy: every block is right"
fi
run_case disk_wire "NVMe, packets: every block is right"
run_case attach_again "NVMe: attached and detached again and again"
run_case disk_link_deleted "NVMe: the link is deleted under load, and comes back"
run_case target_down "NVMe: the target goes, nothing stays"
if [ "$KIND" = ndk ]; then
	soak_case files_direct "NFS, direct copy: every file is right"
fi
run_case files_wire "NFS, packets: every file is right"
run_case files_link_deleted "NFS: the link is deleted under load"
run_case server_down "NFS: the server goes, nothing stays"
run_case loop_down "the device goes"
what_is_left
