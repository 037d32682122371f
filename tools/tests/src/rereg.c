// SPDX-License-Identifier: GPL-2.0
/*
 * rereg DEVICE CASE: changing a region that is in the way of something.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"
#include "rereg.h"

#define BYTES		8192UL

static struct world w;

/* Returns an errno. */
static int rereg_access(struct ibv_mr *mr, int access)
{
	rereg_fn rereg = (rereg_fn)dlsym(RTLD_DEFAULT, REREG_NAME);
	struct ib_uverbs_rereg_mr_resp resp = { 0 };
	struct rereg_cmd cmd = { 0 };

	if (!rereg)
		die("libibverbs has no " REREG_NAME "()");
	return rereg(mr, IBV_REREG_MR_CHANGE_ACCESS, NULL, 0, 0, access, NULL, &cmd, sizeof(cmd),
		     &resp, sizeof(resp));
}

/* 64 bytes between the world's buffer and @addr. */
static enum ibv_wc_status move(enum ibv_wr_opcode op, void *addr, uint32_t rkey)
{
	struct ibv_sge sge = { (uintptr_t)w.buf, 64, w.mr->lkey };
	struct ibv_send_wr wr = {
		.sg_list = &sge, .num_sge = 1, .opcode = op,
		.wr.rdma = { (uintptr_t)addr, rkey },
	};

	return world_do(&w, w.a, &wr);
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
	want("bind", IBV_WC_SUCCESS, world_do(&w, w.b, &bind));

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
	want("invalidate", IBV_WC_SUCCESS, world_do(&w, w.b, &inv));
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

static const struct world_case cases[] = {
	{ "busy", busy },
	{ "for-writing", for_writing },
	{ "by-a-child", by_a_child },
};

int main(int argc, char **argv)
{
	return world_main(&w, argc, argv, cases, ARRAY_SIZE(cases));
}
