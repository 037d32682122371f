// SPDX-License-Identifier: GPL-2.0
/*
 * Protection domains.
 */
#include <linux/export.h>

#include "api.h"

static int pd_create(struct api_obj *o)
{
	struct ndk_kpd *pd = to_api(ndk_kpd, o);
	struct ib_pd *ibpd = ib_alloc_pd(o->adapter->dev, 0);

	if (IS_ERR(ibpd))
		return PTR_ERR(ibpd);
	pd->pd = ibpd;
	return 0;
}

static void pd_destroy(struct api_obj *o)
{
	ib_dealloc_pd(to_api(ndk_kpd, o)->pd);
}

static const struct api_type pd_type = {
	.type = NDK_OBJECT_PD,
	.create = pd_create,
	.destroy = pd_destroy,
};

int ndk_create_pd(struct ndk_adapter *adapter, ndk_create_fn *created, void *context,
		  struct ndk_kpd **pd)
{
	struct ndk_kpd *p;

	api_assert_any_context();
	p = api_obj_alloc(adapter, &pd_type, sizeof(*p));
	return p ? api_create(&p->obj, created, context) : -ENOMEM;
}
EXPORT_SYMBOL_GPL(ndk_create_pd);

int ndk_close_pd(struct ndk_kpd *pd, ndk_close_fn *closed, void *context)
{
	api_assert_any_context();
	return api_close(&pd->obj, closed, context);
}
EXPORT_SYMBOL_GPL(ndk_close_pd);

void ndk_get_privileged_memory_region_token(struct ndk_kpd *pd, u32 *token)
{
	api_assert_any_context();
	*token = pd->pd->local_dma_lkey;
}
EXPORT_SYMBOL_GPL(ndk_get_privileged_memory_region_token);
