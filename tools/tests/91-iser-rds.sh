#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# runs: guest
# timeout: 900 900
# seconds: 75
#
# More of the kernel's own clients, both ends on one device: disks by iSER, with
# LIO's target and open-iscsi's initiator, and datagrams by RDS.

. "$(dirname "$0")/lib.sh"

ADDRESS=10.80.0.1
TARGET=/sys/kernel/config/target
IQN=iqn.2026-01.test.ndk:disk
GROUP=$TARGET/iscsi/$IQN/tpgt_1
PORTAL=$ADDRESS:3260

path_is()
{
	[ "$KIND" != ndk ] || setting ndk0 loopback "$1"
}

no_qps()
{
	! rdma resource show qp link ndk0/1 | grep -q 'type RC'
}

# --- iSER --------------------------------------------------------------------

target_up()
{
	local item

	modprobe -a target_core_mod iscsi_target_mod ib_isert ib_iser sd_mod
	mountpoint -q /sys/kernel/config || mount -t configfs config /sys/kernel/config
	mkdir -p $TARGET/core/rd_mcp_0/disk
	echo rd_pages=8192 >$TARGET/core/rd_mcp_0/disk/control
	echo 1 >$TARGET/core/rd_mcp_0/disk/enable
	mkdir -p $GROUP/lun/lun_0
	ln -s $TARGET/core/rd_mcp_0/disk $GROUP/lun/lun_0/disk
	for item in authentication:0 generate_node_acls:1 cache_dynamic_acls:1 demo_mode_write_protect:0; do
		echo "${item#*:}" >"$GROUP/attrib/${item%:*}"
	done
	mkdir $GROUP/np/$PORTAL
	echo 1 >$GROUP/np/$PORTAL/iser
	echo 1 >$GROUP/enable
}

target_down()
{
	echo 0 >$GROUP/enable
	rmdir $GROUP/np/$PORTAL
	rm $GROUP/lun/lun_0/disk
	rmdir $GROUP/lun/lun_0 $GROUP $TARGET/iscsi/$IQN $TARGET/iscsi
	rmdir $TARGET/core/rd_mcp_0/disk $TARGET/core/rd_mcp_0
	wait_for 30 no_qps
	modprobe -r ib_isert
}

initiator_up()
{
	mkdir -p /run/lock/iscsi
	echo InitiatorName=iqn.2026-01.test.ndk:host >/etc/iscsi/initiatorname.iscsi
	# what the case starts ends with it: this one has to stay
	setsid iscsid -f >"$WORK/iscsid" 2>&1 </dev/null &
	wait_for 20 daemon_answers
	iscsiadm -m node -o new -T $IQN -p $PORTAL,1 -I iser
}

daemon_answers()
{
	# it says so with a status of failure
	iscsiadm -m session >"$WORK/sessions" 2>&1 || :
	grep -q 'No active sessions' "$WORK/sessions"
}

initiator_down()
{
	iscsiadm -k 0
	modprobe -r ib_iser
}

disk_is_there()
{
	DISK=$(compgen -G '/sys/class/iscsi_session/*/device/target*/*/block/*') &&
		DISK=/dev/${DISK##*/} && [ -b "$DISK" ]
}

no_session()
{
	! compgen -G '/sys/class/iscsi_session/*' >/dev/null
}

disk()
{
	path_is "$1"
	iscsiadm -m node -T $IQN -p $PORTAL -I iser --login
	wait_for 30 disk_is_there
	dd if=/dev/urandom of="$WORK/random" bs=1M count=4
	dd if="$WORK/random" of="$DISK" bs=1M oflag=direct
	dd if="$DISK" bs=1M count=4 iflag=direct | cmp "$WORK/random"
	fio --name=disk --filename="$DISK" --ioengine=libaio --direct=1 --iodepth=16 \
		--rw=randwrite --bsrange=512-128k --bs_unaligned=0 --size=16m \
		--io_size="$(scaled 2m 500m)" --verify=crc32c --verify_fatal=1 --randseed=7
	iscsiadm -m node -T $IQN -p $PORTAL --logout
	wait_for 30 no_session
}

disk_direct()	{ disk direct; }
disk_wire()	{ disk wire; }

# --- RDS ---------------------------------------------------------------------

# RDS takes a lock of its own inside of the connection manager's and the other way
# round, on any device. The test kernel would say so, and then look no further.
locks_are_watched()
{
	local file=/proc/sys/kernel/prove_locking

	[ ! -e "$file" ] || echo "$1" >"$file"
}

rds_up()
{
	locks_are_watched 0
	modprobe -a rds rds_rdma
}

datagrams()
{
	path_is "$1"
	"$TOP/tools/guest/rds.py" $ADDRESS "$(scaled 40 4000)"
	! rdma statistic show link ndk0/1 | grep -q 'cq_overruns [1-9]'
}

datagrams_direct()	{ datagrams direct; }
datagrams_wire()	{ datagrams wire; }

rds_down()
{
	modprobe -r rds_rdma
	modprobe -r rds
	wait_for 30 no_qps
	locks_are_watched 1
}

run_case loop_up "a device on a dummy netdev"
run_case target_up "iSER: a target in memory"
run_case initiator_up "iSER: the initiator's daemon"
[ "$KIND" != ndk ] || run_case disk_direct "iSER, direct copy: every block is right"
run_case disk_wire "iSER, packets: every block is right"
run_case initiator_down "iSER: the initiator goes"
run_case target_down "iSER: the target goes, nothing stays"
run_case rds_up "RDS: its RDMA transport"
[ "$KIND" != ndk ] || run_case datagrams_direct "RDS, direct copy: every byte is right"
run_case datagrams_wire "RDS, packets: every byte is right"
run_case rds_down "RDS: it goes, nothing stays"
run_case loop_down "the device goes"
run_case kernel_is_clean "the kernel has nothing to report"
finish
