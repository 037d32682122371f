// SPDX-License-Identifier: GPL-2.0
/*
 * Memory as consumers describe it, and its DMA addresses.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "api.h"

static const void *kernel_address(const struct ndk_mdl *mdl, u32 i)
{
	return (const void *)(uintptr_t)((mdl->virtual_address & PAGE_MASK) + (u64)i * PAGE_SIZE);
}

/* A page of memory that api_mdl_pages() has looked at; NULL: there is none. */
static struct page *page_of(const struct ndk_mdl *mdl, u32 i)
{
	const void *p;

	if (mdl->pages)
		return mdl->pages[i];
	p = kernel_address(mdl, i);
	if (is_vmalloc_addr(p))
		return vmalloc_to_page(p);
	return virt_addr_valid(p) ? virt_to_page(p) : NULL;
}

/**
 * api_mdl_pages() - check memory
 * @mdl: the memory
 * @length: bytes
 * @npages: pages it touches
 * @fbo: offset of the first byte in the first page
 *
 * Any context.
 *
 * Return: 0, or -EINVAL: there are not as many pages.
 */
int api_mdl_pages(const struct ndk_mdl *mdl, size_t length, u32 *npages, u32 *fbo)
{
	u64 n, end;
	u32 i;

	if (!mdl || (!mdl->pages && !mdl->virtual_address) ||
	    check_add_overflow(mdl->virtual_address, (u64)length, &end))
		return -EINVAL;
	*fbo = mdl->virtual_address & ~PAGE_MASK;
	n = DIV_ROUND_UP((u64)*fbo + length, PAGE_SIZE);
	if (n > INT_MAX || (mdl->pages && n > mdl->npages))
		return -EINVAL;
	for (i = 0; i < n; i++)
		if (!page_of(mdl, i))
			return -EINVAL;
	*npages = n;
	return 0;
}

/**
 * api_unmap_pages() - the other way
 * @dev: the device
 * @pages: DMA addresses of api_map_pages()
 * @n: how many
 */
void api_unmap_pages(struct ib_device *dev, const u64 *pages, u32 n)
{
	while (n--)
		ib_dma_unmap_page(dev, pages[n], PAGE_SIZE, DMA_BIDIRECTIONAL);
}

/**
 * api_map_pages() - DMA addresses of pages, for both directions
 * @dev: the device
 * @mdl: the memory, of api_mdl_pages()
 * @pages: set
 * @n: pages
 *
 * Return: 0; -ENOMEM: not to be mapped, and none is.
 */
int api_map_pages(struct ib_device *dev, const struct ndk_mdl *mdl, u64 *pages, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		pages[i] = ib_dma_map_page(dev, page_of(mdl, i), 0, PAGE_SIZE,
					   DMA_BIDIRECTIONAL);
		if (ib_dma_mapping_error(dev, pages[i])) {
			api_unmap_pages(dev, pages, i);
			return -ENOMEM;
		}
	}
	return 0;
}

/* Nothing here sleeps: it never pends, and @done is not called. */
int ndk_build_lam(struct ndk_adapter *adapter, const struct ndk_mdl *mdl, size_t length,
		  ndk_request_fn *done, void *context, struct ndk_lam *lam, u32 *lam_size,
		  u32 *fbo)
{
	u32 given = *lam_size, n, offset;
	size_t need;
	int err;

	api_assert_any_context();
	if (!length)
		return -EINVAL;
	err = api_mdl_pages(mdl, length, &n, &offset);
	if (err)
		return err;
	need = struct_size(lam, adapter_page_array, n);
	if (need > U32_MAX)
		return -EINVAL;
	*lam_size = need;
	if (given < need)
		return -ENOBUFS;
	err = api_map_pages(adapter->dev, mdl, lam->adapter_page_array, n);
	if (err)
		return err;
	lam->adapter_context = adapter;
	lam->adapter_page_count = n;
	*fbo = offset;
	/* the adapter stays open until it is released */
	api_get(&adapter->obj);
	return 0;
}
EXPORT_SYMBOL_GPL(ndk_build_lam);

void ndk_release_lam(struct ndk_adapter *adapter, struct ndk_lam *lam)
{
	api_assert_any_context();
	if (WARN_ON_ONCE(lam->adapter_context != adapter))
		return;
	lam->adapter_context = NULL;
	api_unmap_pages(adapter->dev, lam->adapter_page_array, lam->adapter_page_count);
	api_put(&adapter->obj);
}
EXPORT_SYMBOL_GPL(ndk_release_lam);
