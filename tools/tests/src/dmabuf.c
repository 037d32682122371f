// SPDX-License-Identifier: GPL-2.0
/*
 * dmabuf DEVICE CASE: regions over dma-bufs.
 *
 * The library for this ABI has no call for them, so the program makes the
 * kernel's own: an ioctl of the uverbs device. The buffers are memory files
 * (udmabuf) and the system heap's; what the device did is seen through a mapping
 * of the file or buffer itself.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_ioctl_verbs.h>
#include <rdma/rdma_user_ioctl_cmds.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hostile.h"

#define PAGE		4096UL
#define PAGES		32
#define BYTES		(PAGES * PAGE)
#define FILL		0x5a
#define ALL_ACCESS	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE |	\
			 IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_ATOMIC)

static struct world w;

/**
 * struct region - a region over a buffer
 * @handle: uverbs' number of it
 * @lkey: local key
 * @rkey: remote key
 * @iova: address of its first byte
 */
struct region {
	uint32_t handle;
	uint32_t lkey;
	uint32_t rkey;
	uint64_t iova;
};

/* ---- the kernel's calls ---- */

static void put_attr(struct ib_uverbs_ioctl_hdr *h, uint16_t id, uint16_t len, uint64_t data)
{
	h->attrs[h->num_attrs++] = (struct ib_uverbs_attr){
		.attr_id = id, .len = len, .flags = UVERBS_ATTR_F_MANDATORY, .data = data,
	};
}

static int call(struct ib_uverbs_ioctl_hdr *h, uint16_t method)
{
	h->length = sizeof(*h) + h->num_attrs * sizeof(h->attrs[0]);
	h->object_id = UVERBS_OBJECT_MR;
	h->method_id = method;
	h->driver_id = RDMA_DRIVER_RXE;
	return ioctl(w.ctx->cmd_fd, RDMA_VERBS_IOCTL, h) ? errno : 0;
}

static int reg_at(struct region *r, int fd, uint64_t offset, uint64_t length, uint64_t iova,
		  uint32_t access)
{
	struct ib_uverbs_ioctl_hdr *h = calloc(1, sizeof(*h) + 9 * sizeof(h->attrs[0]));
	int err;

	put_attr(h, UVERBS_ATTR_REG_DMABUF_MR_HANDLE, 0, 0);
	put_attr(h, UVERBS_ATTR_REG_DMABUF_MR_PD_HANDLE, 0, w.pd->handle);
	put_attr(h, UVERBS_ATTR_REG_DMABUF_MR_OFFSET, 8, offset);
	put_attr(h, UVERBS_ATTR_REG_DMABUF_MR_LENGTH, 8, length);
	put_attr(h, UVERBS_ATTR_REG_DMABUF_MR_IOVA, 8, iova);
	put_attr(h, UVERBS_ATTR_REG_DMABUF_MR_FD, 4, (uint32_t)fd);
	put_attr(h, UVERBS_ATTR_REG_DMABUF_MR_ACCESS_FLAGS, 4, access);
	put_attr(h, UVERBS_ATTR_REG_DMABUF_MR_RESP_LKEY, 4, (uintptr_t)&r->lkey);
	put_attr(h, UVERBS_ATTR_REG_DMABUF_MR_RESP_RKEY, 4, (uintptr_t)&r->rkey);
	err = call(h, UVERBS_METHOD_REG_DMABUF_MR);
	r->handle = h->attrs[0].data;
	r->iova = iova;
	free(h);
	return err;
}

static void reg(struct region *r, int fd, uint64_t offset, uint64_t length)
{
	/* addresses of its own choice, but for the place in the page */
	int err = reg_at(r, fd, offset, length, 0x123450000000 + offset % PAGE, ALL_ACCESS);

	if (err)
		die("registration of %lu bytes at %lu: %s", (unsigned long)length,
		    (unsigned long)offset, strerror(err));
}

static void dereg(const struct region *r)
{
	struct ib_uverbs_ioctl_hdr *h = calloc(1, sizeof(*h) + sizeof(h->attrs[0]));
	int err;

	put_attr(h, UVERBS_ATTR_DESTROY_MR_HANDLE, 0, r->handle);
	err = call(h, UVERBS_METHOD_MR_DESTROY);
	free(h);
	if (err)
		die("deregistration: %s", strerror(err));
}

/* ---- buffers ---- */

/* A memory file of two pieces, so that the buffer is not the file in order. */
static int file_buffer(unsigned char **map, unsigned int flags)
{
	struct {
		struct udmabuf_create_list head;
		struct udmabuf_create_item item[2];
	} list = { .head = { .count = 2 } };
	int dev = open("/dev/udmabuf", O_RDWR), file, fd;
	size_t bytes = flags & MFD_HUGETLB ? 2UL << 20 : BYTES;

	file = memfd_create("pages", MFD_ALLOW_SEALING | flags);
	if (dev < 0 || file < 0 || ftruncate(file, bytes))
		die("udmabuf: %s", strerror(errno));
	*map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (*map == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	memset(*map, FILL, BYTES);
	fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK);
	list.item[0] = (struct udmabuf_create_item){ .memfd = file, .offset = BYTES / 2,
						     .size = BYTES / 2 };
	list.item[1] = (struct udmabuf_create_item){ .memfd = file, .size = BYTES / 2 };
	fd = ioctl(dev, UDMABUF_CREATE_LIST, &list);
	if (fd < 0)
		die("UDMABUF_CREATE_LIST: %s", strerror(errno));
	close(file);
	close(dev);
	return fd;
}

/* Where byte @i of such a buffer is in the mapping. */
static size_t place(size_t i)
{
	return (i + BYTES / 2) % BYTES;
}

static int heap_buffer(unsigned int mode)
{
	struct dma_heap_allocation_data a = { .len = BYTES, .fd_flags = mode };
	int heap = open("/dev/dma_heap/system", O_RDWR);

	if (heap < 0 || ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &a))
		die("heap: %s", strerror(errno));
	close(heap);
	return a.fd;
}

/* ---- requests ---- */

static unsigned char byte_at(size_t i, unsigned int salt)
{
	return i * 7 + (i >> 8) * 3 + salt;
}

static void fill(unsigned char *p, size_t n, unsigned int salt)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = byte_at(i, salt);
}

static enum ibv_wc_status request(enum ibv_wr_opcode op, uint64_t addr, uint32_t lkey, uint32_t len,
				  uint64_t remote, uint32_t rkey)
{
	struct ibv_sge sge = { addr, len, lkey };
	struct ibv_send_wr wr = {
		.sg_list = &sge, .num_sge = 1, .opcode = op,
		.wr.rdma = { remote, rkey },
	};

	if (op == IBV_WR_ATOMIC_FETCH_AND_ADD) {
		wr.wr.atomic.remote_addr = remote;
		wr.wr.atomic.rkey = rkey;
		wr.wr.atomic.compare_add = 1000;
	}
	return world_do(&w, w.a, &wr);
}

static void write_to(const struct region *r, size_t at, size_t n, unsigned int salt)
{
	fill(w.buf, n, salt);
	want("WRITE", IBV_WC_SUCCESS, request(IBV_WR_RDMA_WRITE, (uintptr_t)w.buf, w.mr->lkey, n,
					      r->iova + at, r->rkey));
}

static void read_back(const struct region *r, size_t at, size_t n, unsigned int salt)
{
	size_t i;

	memset(w.buf, 0, n);
	want("READ", IBV_WC_SUCCESS, request(IBV_WR_RDMA_READ, (uintptr_t)w.buf, w.mr->lkey, n,
					     r->iova + at, r->rkey));
	for (i = 0; i < n; i++)
		if (w.buf[i] != byte_at(i, salt))
			die("READ: byte %zu of %zu is %02x", i, n, w.buf[i]);
}

/* The buffer holds the pattern from @from on, @n bytes, and nothing else. */
static void see(const unsigned char *map, size_t from, size_t n, unsigned int salt)
{
	size_t i;

	for (i = 0; i < BYTES; i++) {
		unsigned char wanted = i < from || i >= from + n ? FILL : byte_at(i - from, salt);

		if (map[place(i)] != wanted)
			die("byte %zu of the buffer is %02x, not %02x", i, map[place(i)], wanted);
	}
}

/* ---- cases ---- */

/* Every operation, on a region that begins and ends inside of pages. */
static void moves(void)
{
	const size_t offset = 3 * PAGE + 200, length = 13 * PAGE + 96, n = 12 * PAGE;
	uint64_t old, now;
	unsigned char *map;
	struct region r;
	int fd = file_buffer(&map, 0);

	reg(&r, fd, offset, length);
	write_to(&r, 8, n, 1);
	see(map, offset + 8, n, 1);
	read_back(&r, 8, n, 1);
	/* as local memory: what is fetched, and what is placed */
	memset(w.buf, 0, n);
	want("WRITE out of it", IBV_WC_SUCCESS, request(IBV_WR_RDMA_WRITE, r.iova + 8, r.lkey, n,
							(uintptr_t)w.buf, w.mr->rkey));
	for (old = 0; old < n; old++)
		if (w.buf[old] != byte_at(old, 1))
			die("WRITE out of it: byte %lu is %02x", (unsigned long)old, w.buf[old]);
	fill(w.buf, n, 2);
	want("READ into it", IBV_WC_SUCCESS, request(IBV_WR_RDMA_READ, r.iova + 8, r.lkey, n,
						     (uintptr_t)w.buf, w.mr->rkey));
	see(map, offset + 8, n, 2);
	memcpy(&old, map + place(offset + 8), 8);
	want("atomic", IBV_WC_SUCCESS, request(IBV_WR_ATOMIC_FETCH_AND_ADD, (uintptr_t)w.buf,
					       w.mr->lkey, 8, r.iova + 8, r.rkey));
	memcpy(&now, map + place(offset + 8), 8);
	if (memcmp(w.buf, &old, 8) || now != old + 1000)
		die("fetch and add: %lx became %lx", (unsigned long)old, (unsigned long)now);
	dereg(&r);
	close(fd);
}

/* The region keeps the buffer, whatever the program closes. */
static void outlives(void)
{
	struct region r, other;
	unsigned char *map;
	int fd = file_buffer(&map, 0);

	reg(&r, fd, 0, BYTES);
	reg(&other, fd, PAGE, PAGE);
	close(fd);
	write_to(&r, 0, 8 * PAGE, 3);
	see(map, 0, 8 * PAGE, 3);
	dereg(&r);
	munmap(map, BYTES);
	write_to(&other, 0, PAGE, 4);
	read_back(&other, 0, PAGE, 4);
	dereg(&other);
}

static void heap(void)
{
	int fd = heap_buffer(O_RDWR | O_CLOEXEC);
	unsigned char *map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	struct region r;
	size_t i;

	if (map == MAP_FAILED)
		die("mmap of the heap's buffer: %s", strerror(errno));
	reg(&r, fd, 0, BYTES);
	write_to(&r, 5, 9 * PAGE, 5);
	for (i = 0; i < 9 * PAGE; i++)
		if (map[5 + i] != byte_at(i, 5))
			die("byte %zu of the heap's buffer is %02x", i, map[5 + i]);
	read_back(&r, 5, 9 * PAGE, 5);
	dereg(&r);
	close(fd);
}

/* After deregistration, and outside of it, the key opens nothing. */
static void ends(void)
{
	struct region r;
	unsigned char *map;
	int fd = file_buffer(&map, 0);
	int round;

	for (round = 0; round < 2; round++) {
		reg(&r, fd, PAGE, 2 * PAGE);
		if (round)
			dereg(&r);
		want("WRITE", IBV_WC_REM_ACCESS_ERR,
		     request(IBV_WR_RDMA_WRITE, (uintptr_t)w.buf, w.mr->lkey, 16,
			     r.iova + (round ? 0 : 2 * PAGE - 8), r.rkey));
		if (!round)
			dereg(&r);
		world_drain(&w);
		world_unpair(&w);
		world_pair(&w);
	}
	see(map, 0, 0, 0);
	close(fd);
}

static void huge_pages(void)
{
	struct region r;
	unsigned char *map;
	int fd = file_buffer(&map, MFD_HUGETLB);

	want_errno("udmabuf over a huge page", EOPNOTSUPP,
		   reg_at(&r, fd, 0, BYTES, 0, ALL_ACCESS));
	close(fd);
}

static void refused(void)
{
	struct region r;
	unsigned char *map;
	int fd = file_buffer(&map, 0), ro = heap_buffer(O_RDONLY | O_CLOEXEC);
	int file = memfd_create("no buffer", 0);

	want_errno("a region of nothing", EINVAL, reg_at(&r, fd, 0, 0, 0, ALL_ACCESS));
	want_errno("one byte too many", EINVAL, reg_at(&r, fd, 0, BYTES + 1, 0, ALL_ACCESS));
	want_errno("behind the end", EINVAL, reg_at(&r, fd, BYTES, 1, 0, ALL_ACCESS));
	want_errno("around the end of numbers", EINVAL,
		   reg_at(&r, fd, UINT64_MAX - 4095, 2 * PAGE, 0, ALL_ACCESS));
	want_errno("an address that wraps", EINVAL,
		   reg_at(&r, fd, 0, 2 * PAGE, UINT64_MAX - 4095, ALL_ACCESS));
	want_errno("an address with another place in the page", EINVAL,
		   reg_at(&r, fd, 8, 8, 0, ALL_ACCESS));
	want_errno("a file that is no buffer", EINVAL, reg_at(&r, file, 0, 8, 0, ALL_ACCESS));
	want_errno("no file", EBADF, reg_at(&r, -1, 0, 8, 0, ALL_ACCESS));
	want_errno("writing through a descriptor for reading", EACCES,
		   reg_at(&r, ro, 0, BYTES, 0, ALL_ACCESS));
	want_errno("reading through it", 0,
		   reg_at(&r, ro, 0, BYTES, 0, IBV_ACCESS_REMOTE_READ));
	want("READ of it", IBV_WC_SUCCESS, request(IBV_WR_RDMA_READ, (uintptr_t)w.buf, w.mr->lkey,
						   2 * PAGE, r.iova, r.rkey));
	dereg(&r);
	close(fd);
	close(ro);
	close(file);
}

static const struct world_case cases[] = {
	{ "moves", moves },
	{ "outlives", outlives },
	{ "heap", heap },
	{ "ends", ends },
	{ "refused", refused },
	{ "huge-pages", huge_pages },
};

int main(int argc, char **argv)
{
	return world_main(&w, argc, argv, cases, ARRAY_SIZE(cases));
}
