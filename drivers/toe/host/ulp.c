// SPDX-License-Identifier: GPL-2.0
/*
 * The front door: setsockopt(TCP_ULP, "toe"). A program offloads its own connection. The
 * kernel has no way to take a ULP off a socket, so the module stays until it is closed.
 *
 * A socket that toectl offloaded shows the same name meanwhile: this is what ss -i
 * prints, and it keeps other ULPs, and sockmap, off an offloaded socket.
 */
#include "net.h"

/* Why it was refused is in the list of toectl. */
static int init(struct sock *sk)
{
	u8 refusal;

	return toe_offload_locked(sk, &refusal);
}

/* Called for a listener's children. */
static void clone(const struct request_sock *req, struct sock *newsk, const gfp_t priority)
{
}

/* Not registered, and nobody puts a module for it. */
const struct tcp_ulp_ops toe_shadow_ulp = {
	.name = "toe",
	.get_info = toe_nl_ulp_info,
	.get_info_size = toe_nl_ulp_info_size,
};

static struct tcp_ulp_ops ulp = {
	.name = "toe",
	.owner = THIS_MODULE,
	.init = init,
	.clone = clone,
	.get_info = toe_nl_ulp_info,
	.get_info_size = toe_nl_ulp_info_size,
};

int toe_ulp_init(void)
{
	return tcp_register_ulp(&ulp);
}

void toe_ulp_exit(void)
{
	tcp_unregister_ulp(&ulp);
}
