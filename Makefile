# SPDX-License-Identifier: GPL-2.0
#
# What a person runs. The modules' own build rules are in Kbuild; this file
# calls the kernel's build system on a mirror of the tree below build/, so
# that the sources stay clean and several kernels can be built side by side.

# KERNEL names the mirror and, for stock and debug, the kernel (tools/kernel).
# With KDIR it is the kernel whose build folder that is, by default the
# running one if its headers are installed.
HOST_KDIR := $(wildcard /lib/modules/$(shell uname -r)/build)
ifdef KDIR
KERNEL ?= custom
else
KERNEL ?= $(if $(HOST_KDIR),host,stock)
endif

TOP := $(CURDIR)
OUT := $(TOP)/build/$(KERNEL)
MIRROR := $(OUT)/src
JOBS ?= $(shell nproc)
MIRRORED = $(wildcard Kbuild include drivers kunit tools/ndkperf)

kdir = $(strip $(if $(KDIR),$(KDIR),$(if $(filter host,$(KERNEL)),$(HOST_KDIR),\
	$(shell tools/kernel path $(KERNEL) build))))

# Only the test kernel has KUnit.
NDK_KUNIT ?= $(if $(filter debug,$(KERNEL)),1,)

# Type information for BPF would need pahole, and nothing here uses it.
NO_BTF := CONFIG_DEBUG_INFO_BTF_MODULES=

# What the tests load has to be without a warning, and is built only once.
STRICT = $(if $(filter debug,$(KERNEL)),W=1 KCFLAGS=-Werror,)

CFLAGS_TOOLS := -O2 -g -Wall -Wextra -Werror

.PHONY: help modules mirror kernel tools demo bench check soak vm-shell setup \
	clean distclean

help:
	@echo 'make demo       install what is missing, build, boot a virtual machine and'
	@echo '                run the RDMA performance tools over ndk0; ends in a table'
	@echo 'make check      all tests; ends in "N passed, N failed"'
	@echo 'make soak       the same with full counts'
	@echo 'make bench      ndk0 and rxe side by side; writes build/bench.json and .svg'
	@echo 'make vm-shell   a root prompt in the virtual machine'
	@echo 'make modules    build the modules'
	@echo '                  KDIR=FOLDER    for the kernel whose build folder that is'
	@echo '                                 (default: the running one, if it has headers)'
	@echo '                  KERNEL=stock   for the downloaded Debian kernel'
	@echo '                  KERNEL=debug   for the test kernel, with the KUnit suites'
	@echo 'make tools      build the programs that tools/ uses'
	@echo 'make setup      only install the missing packages'
	@echo 'make clean      remove build/; make distclean also removes the kernel cache'
	@echo
	@echo 'On a test machine of your own, as root:'
	@echo '  make modules && modprobe -a ib_uverbs rdma_cm udp_tunnel ip6_udp_tunnel'
	@echo '  insmod build/host/src/drivers/ndk/ndk.ko'
	@echo '  insmod build/host/src/drivers/softroce/ndk_softroce.ko'
	@echo '  rdma link add ndk0 type ndk netdev eth0'

# KERNEL=stock and debug come from the cache, which fills itself.
kernel:
ifneq ($(filter stock debug,$(KERNEL)),)
ifndef KDIR
	@tools/setup build
	@tools/kernel $(KERNEL)
endif
endif

# Symbolic links follow edits; those whose file is gone must not be built.
mirror:
	@mkdir -p $(MIRROR)
	@find $(MIRROR) -xtype l -delete
	@for part in $(MIRRORED); do \
		mkdir -p "$$(dirname "$(MIRROR)/$$part")" && \
		cp -rsfT "$(TOP)/$$part" "$(MIRROR)/$$part" || exit 1; \
	done

modules: kernel mirror
	@test -n "$(MIRRORED)" || { echo 'nothing to build'; exit 1; }
	$(MAKE) -C $(kdir) M=$(MIRROR) -j$(JOBS) NDK_KUNIT=$(NDK_KUNIT) $(NO_BTF) $(STRICT) \
		$(KFLAGS) modules

tools: build/ndk_defer.so build/qp_memory build/ndkcheck build/ndkperf \
	build/badqueue build/badpackets build/mutants build/dmabuf \
	build/rereg build/rereg.so build/failcreate build/toectl build/toeoracle \
	build/toeswarm build/toecalls build/toemeter

build/ndk_defer.so: tools/lib/defer_preload.c
	@mkdir -p build
	$(CC) $(CFLAGS_TOOLS) -shared -fPIC -o $@ $< -ldl

build/qp_memory: tools/lib/qp_memory.c
	@mkdir -p build
	$(CC) $(CFLAGS_TOOLS) -o $@ $< -libverbs

HOSTILE := tools/tests/src/hostile.c tools/tests/src/hostile.h \
	tools/tests/src/device.h

FORGE := tools/tests/src/forge.c tools/tests/src/forge.h

build/badpackets build/mutants: $(FORGE)
build/rereg build/rereg.so: tools/tests/src/rereg.h
build/badqueue build/badpackets build/mutants build/dmabuf build/rereg: build/%: tools/tests/src/%.c $(HOSTILE)
	@mkdir -p build
	$(CC) $(CFLAGS_TOOLS) -o $@ $(filter %.c,$^) -libverbs -lpthread -ldl

build/failcreate: tools/tests/src/failcreate.c tools/tests/src/device.h
	@mkdir -p build
	$(CC) $(CFLAGS_TOOLS) -o $@ $< -libverbs

build/rereg.so: tools/tests/src/rereg_preload.c
	@mkdir -p build
	$(CC) $(CFLAGS_TOOLS) -shared -fPIC -o $@ $< -Wl,--no-as-needed -libverbs -ldl

build/ndkcheck: tools/tests/src/ndkcheck.c tools/tests/src/device.h
	@mkdir -p build
	$(CC) $(CFLAGS_TOOLS) -o $@ $< -libverbs -lpthread

build/ndkperf: tools/ndkperf/program.c tools/ndkperf/ndkperf.h
	@mkdir -p build
	$(CC) $(CFLAGS_TOOLS) -o $@ $<

build/toeoracle build/toeswarm build/toecalls: build/%: tools/tests/src/%.c
	@mkdir -p build
	$(CC) $(CFLAGS_TOOLS) -o $@ $< -lpthread

TOECTL := $(wildcard tools/toectl/*.c)

build/toectl: $(TOECTL) $(wildcard tools/toectl/*.h) include/uapi/ndk/toe_live.h
	@mkdir -p build
	$(CC) $(CFLAGS_TOOLS) -Iinclude/uapi -o $@ $(TOECTL)

build/toemeter: tools/lib/toemeter.c tools/toectl/nl.c tools/toectl/nl.h include/uapi/ndk/toe_live.h
	@mkdir -p build
	$(CC) $(CFLAGS_TOOLS) -Iinclude/uapi -o $@ $(filter %.c,$^)

setup:
	@tools/setup build vm demo check bench kernel

demo:
	@tools/demo

bench:
	@tools/bench

check:
	@tools/setup check build vm
	@tools/check

soak:
	@tools/setup check build vm
	@NDK_SCALE=full tools/check

vm-shell:
	@tools/setup build vm
	@$(MAKE) --no-print-directory modules KERNEL=stock
	@tools/vm shell

clean:
	rm -rf build

distclean: clean
	tools/kernel purge
