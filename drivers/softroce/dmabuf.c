// SPDX-License-Identifier: GPL-2.0
/*
 * Regions over a dma-buf. This NIC reads and writes with the processor, so it
 * does what any user of the buffer by the processor does: it has the exporter map
 * the buffer into the kernel's addresses, for the life of the region, and brackets
 * that time as processor access. No DMA device is involved; an exporter that moves
 * its buffers keeps one that is mapped in place.
 *
 * Memory that the processor reaches only by I/O accessors is refused.
 */
#include <linux/dma-buf.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "softroce.h"

MODULE_IMPORT_NS(DMA_BUF);

/* What mmap() of the descriptor would allow, a key to it may allow. */
static int check_mode(const struct dma_buf *buf, int access)
{
	fmode_t need = FMODE_READ | (ib_access_writable(access) ? FMODE_WRITE : 0);

	return (buf->file->f_mode & need) == need ? 0 : -EACCES;
}

static int map_buffer(struct sr_mr *mr, struct dma_buf *buf, struct ib_device *ibdev)
{
	int err;

	/* the core takes an exporter's refusal for a fault of the kernel's */
	if (!buf->ops->vmap) {
		ibdev_dbg(ibdev, "mr: dma-buf of %s cannot be mapped\n", buf->exp_name);
		return -EOPNOTSUPP;
	}
	err = dma_buf_vmap_unlocked(buf, &mr->map);
	if (err)
		return err;
	if (mr->map.is_iomem) {
		ibdev_dbg(ibdev, "mr: dma-buf of %s is not memory\n", buf->exp_name);
		err = -EOPNOTSUPP;
		goto err_map;
	}
	err = dma_buf_begin_cpu_access(buf, DMA_BIDIRECTIONAL);
	if (err)
		goto err_map;
	/* ours from here on, sr_mr_free() gives it back */
	mr->dmabuf = buf;
	return 0;

err_map:
	dma_buf_vunmap_unlocked(buf, &mr->map);
	return err;
}

/*
 * Linux 6.12 maps a udmabuf over huge pages wrongly: the first small page of each
 * stands for all of it. What is mapped here is then not what the program sees.
 */
static bool maps_wrongly(const struct dma_buf *buf, const void *page)
{
	return !strcmp(buf->exp_name, "udmabuf") && is_vmalloc_addr(page) &&
	       PageCompound(vmalloc_to_page(page));
}

static int list_pages(struct sr_mr *mr, u64 offset, struct ib_device *ibdev)
{
	size_t n, i;
	void *page;

	mr->offset = offset & ~PAGE_MASK;
	n = PAGE_ALIGN(mr->offset + mr->length) >> PAGE_SHIFT;
	mr->pages = kvmalloc_array(n, sizeof(*mr->pages), GFP_KERNEL_ACCOUNT);
	if (!mr->pages)
		return -ENOMEM;
	page = mr->map.vaddr + (offset & PAGE_MASK);
	for (i = 0; i < n; i++, page += PAGE_SIZE) {
		if (maps_wrongly(mr->dmabuf, page)) {
			ibdev_dbg(ibdev, "mr: udmabuf over huge pages is not supported\n");
			return -EOPNOTSUPP;
		}
		mr->pages[i] = page;
	}
	return 0;
}

/**
 * sr_dmabuf_map() - put a dma-buf behind a region
 * @mr: has no memory; its access is set
 * @ibdev: the device
 * @offset: of the region in the buffer, bytes
 * @length: bytes
 * @fd: the buffer
 *
 * Return: 0 or a negative errno; sr_mr_free() takes back what was done.
 */
int sr_dmabuf_map(struct sr_mr *mr, struct ib_device *ibdev, u64 offset, u64 length, int fd)
{
	struct dma_buf *buf;
	u64 end;
	int err;

	buf = dma_buf_get(fd);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	if (!length || check_add_overflow(offset, length, &end) || end > buf->size) {
		ibdev_dbg(ibdev, "mr: %#llx + %llu is outside of the dma-buf[%zu]\n", offset,
			  length, buf->size);
		err = -EINVAL;
		goto err_put;
	}
	err = check_mode(buf, mr->access);
	if (!err)
		err = map_buffer(mr, buf, ibdev);
	if (err)
		goto err_put;
	mr->length = length;
	return list_pages(mr, offset, ibdev);

err_put:
	dma_buf_put(buf);
	return err;
}

/**
 * sr_dmabuf_unmap() - undo sr_dmabuf_map()
 * @mr: a region over a dma-buf; nobody uses it any more
 */
void sr_dmabuf_unmap(struct sr_mr *mr)
{
	dma_buf_end_cpu_access(mr->dmabuf, DMA_BIDIRECTIONAL);
	dma_buf_vunmap_unlocked(mr->dmabuf, &mr->map);
	dma_buf_put(mr->dmabuf);
}
