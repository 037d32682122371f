// SPDX-License-Identifier: GPL-2.0
/*
 * rereg DEVICE CASE: changing a region that is in the way of something.
 *
 * The library for this ABI has no call for it; libibverbs exports the kernel's own
 * for its providers, without showing it in its headers.
 */
#include <dlfcn.h>
#include <errno.h>
#include <rdma/ib_user_verbs.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

#define BYTES		8192UL
#define PATIENCE_MS	5000

struct rereg_cmd {
	struct ib_uverbs_cmd_hdr hdr;
	struct ib_uverbs_rereg_mr core;
};

typedef int (*rereg_fn)(struct ibv_mr *mr, uint32_t flags, void *addr, size_t length,
			uint64_t hca_va, int access, struct ibv_pd *pd, struct rereg_cmd *cmd,
			size_t cmd_size, struct ib_uverbs_rereg_mr_resp *resp,
			size_t resp_size);

static struct world w;

/* Returns an errno. */
static int rereg_access(struct ibv_mr *mr, int access)
{
	rereg_fn rereg = (rereg_fn)dlsym(RTLD_DEFAULT, "ibv_cmd_rereg_mr");
	struct ib_uverbs_rereg_mr_resp resp = { 0 };
	struct rereg_cmd cmd = { 0 };

	if (!rereg)
		die("libibverbs has no ibv_cmd_rereg_mr()");
	return rereg(mr, IBV_REREG_MR_CHANGE_ACCESS, NULL, 0, 0, access, NULL, &cmd, sizeof(cmd),
		     &resp, sizeof(resp));
}

static void want_errno(const char *what, int wanted, int got)
{
	if (wanted != got)
		die("%s: %s, not %s", what, strerror(got), strerror(wanted));
}

static enum ibv_wc_status run(struct ibv_qp *qp, struct ibv_send_wr *wr)
{
	struct ibv_send_wr *bad;
	struct ibv_wc wc;
	int err;

	wr->send_flags = IBV_SEND_SIGNALED;
	err = ibv_post_send(qp, wr, &bad);
	if (err)
		die("post: %s", strerror(err));
	if (!world_poll(&w, &wc, PATIENCE_MS))
		die("no completion");
	return wc.status;
}

static void want(const char *what, enum ibv_wc_status wanted, enum ibv_wc_status got)
{
	if (wanted != got)
		die("%s: %s, not %s", what, ibv_wc_status_str(got), ibv_wc_status_str(wanted));
}

/* 64 bytes between the world's buffer and @addr. */
static enum ibv_wc_status move(enum ibv_wr_opcode op, void *addr, uint32_t rkey)
{
	struct ibv_sge sge = { (uintptr_t)w.buf, 64, w.mr->lkey };
	struct ibv_send_wr wr = {
		.sg_list = &sge, .num_sge = 1, .opcode = op,
		.wr.rdma = { (uintptr_t)addr, rkey },
	};

	return run(w.a, &wr);
}

static struct ibv_mr *reg(void *memory, int access)
{
	struct ibv_mr *mr = ibv_reg_mr(w.pd, memory, BYTES, access);

	if (!mr)
		die("registration: %s", strerror(errno));
	return mr;
}

static void *new_pages(void)
{
	void *p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("no memory");
	return p;
}

/* A window is on it: neither changed nor deregistered, and still good. */
static void busy(void)
{
	const int access = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ | IBV_ACCESS_MW_BIND;
	void *p = new_pages();
	struct ibv_mr *mr = reg(p, access);
	struct ibv_mw *mw = ibv_alloc_mw(w.pd, IBV_MW_TYPE_2);
	struct ibv_send_wr bind = { .opcode = IBV_WR_BIND_MW };
	struct ibv_send_wr inv = { .opcode = IBV_WR_LOCAL_INV };

	if (!mw)
		die("alloc_mw: %s", strerror(errno));
	bind.bind_mw.mw = mw;
	bind.bind_mw.rkey = ibv_inc_rkey(mw->rkey);
	bind.bind_mw.bind_info = (struct ibv_mw_bind_info){
		.mr = mr, .addr = (uintptr_t)p, .length = BYTES,
		.mw_access_flags = IBV_ACCESS_REMOTE_READ,
	};
	/* a window of this type is good for the QP it was bound by: the one asked */
	want("bind", IBV_WC_SUCCESS, run(w.b, &bind));

	want_errno("rights, below a window", EBUSY,
		   rereg_access(mr, access | IBV_ACCESS_REMOTE_WRITE));
	want_errno("deregistration, below a window", EBUSY, ibv_dereg_mr(mr));
	memset(p, 0x11, 64);
	want("READ of the region", IBV_WC_SUCCESS, move(IBV_WR_RDMA_READ, p, mr->rkey));
	memset(w.buf, 0, 64);
	want("READ of the window", IBV_WC_SUCCESS, move(IBV_WR_RDMA_READ, p, bind.bind_mw.rkey));
	if (memcmp(w.buf, p, 64))
		die("READ of the window brought something else");

	inv.invalidate_rkey = bind.bind_mw.rkey;
	want("invalidate", IBV_WC_SUCCESS, run(w.b, &inv));
	want_errno("rights, no window", 0, rereg_access(mr, access | IBV_ACCESS_REMOTE_WRITE));
	want("WRITE", IBV_WC_SUCCESS, move(IBV_WR_RDMA_WRITE, p, mr->rkey));
	want_errno("dealloc_mw", 0, ibv_dealloc_mw(mw));
	want_errno("dereg", 0, ibv_dereg_mr(mr));
}

/*
 * Registered for reading, memory that was never touched is pinned as it is; for
 * writing it is pinned anew, and what is written must be the program's.
 */
static void for_writing(void)
{
	void *p = new_pages();
	struct ibv_mr *mr = reg(p, IBV_ACCESS_REMOTE_READ);

	memset(w.buf, 0x77, 64);
	want("READ", IBV_WC_SUCCESS, move(IBV_WR_RDMA_READ, p, mr->rkey));
	want_errno("rights to write", 0, rereg_access(mr, IBV_ACCESS_LOCAL_WRITE |
						      IBV_ACCESS_REMOTE_READ |
						      IBV_ACCESS_REMOTE_WRITE));
	memset(w.buf, 0x66, 64);
	want("WRITE", IBV_WC_SUCCESS, move(IBV_WR_RDMA_WRITE, p, mr->rkey));
	if (memcmp(w.buf, p, 64))
		die("the program does not see what was written");
	/* and back: less needs no pinning */
	want_errno("rights to read", 0, rereg_access(mr, IBV_ACCESS_REMOTE_READ));
	want("READ after that", IBV_WC_SUCCESS, move(IBV_WR_RDMA_READ, p, mr->rkey));
	want("WRITE after that", IBV_WC_REM_ACCESS_ERR, move(IBV_WR_RDMA_WRITE, p, mr->rkey));
	want_errno("dereg", 0, ibv_dereg_mr(mr));
}

/* Pinning anew is the memory's owner's to do: a child has other memory there. */
static void by_a_child(void)
{
	void *p = new_pages();
	struct ibv_mr *mr = reg(p, IBV_ACCESS_REMOTE_READ);
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(rereg_access(mr, IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		die("no child");
	want_errno("rights to write, by a child", EPERM, WEXITSTATUS(status));
	want("READ", IBV_WC_SUCCESS, move(IBV_WR_RDMA_READ, p, mr->rkey));
	want_errno("dereg", 0, ibv_dereg_mr(mr));
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "busy", busy },
	{ "for-writing", for_writing },
	{ "by-a-child", by_a_child },
};

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc != 3)
		die("usage: rereg DEVICE CASE");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (strcmp(cases[i].name, argv[2]))
			continue;
		world_open(&w, argv[1]);
		world_pair(&w);
		cases[i].run();
		world_unpair(&w);
		world_close(&w);
		return 0;
	}
	die("no case %s", argv[2]);
}
