// SPDX-License-Identifier: GPL-2.0
/*
 * Per-device settings: files in /sys/class/infiniband/<device>/ndk/.
 *
 * rdma(8) has no way to carry attributes of a driver's own, so these are sysfs
 * files. They take effect at once, also on chains that are open.
 */
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "provider.h"

#define MAX_BOUND	BIT(20)
#define MAX_USECS	(10U * 1000 * 1000)

static struct ndk_nic *dev_nic(struct device *dev)
{
	return rdma_device_to_drv_device(dev, struct ndk_nic, ibdev);
}

static int parse(struct ndk_nic *nic, const char *what, const char *buf, u32 min, u32 max, u32 *v)
{
	int err = kstrtou32(buf, 0, v);

	if (!err && (*v < min || *v > max))
		err = -ERANGE;
	if (err)
		ibdev_warn_ratelimited(&nic->ibdev, "%s: not a number in %u..%u\n", what, min, max);
	return err;
}

static ssize_t defer_bound_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(dev_nic(dev)->limits.bound));
}

static ssize_t defer_bound_store(struct device *dev, struct device_attribute *attr,
				 const char *buf, size_t len)
{
	struct ndk_nic *nic = dev_nic(dev);
	u32 v;
	int err;

	err = parse(nic, "defer_bound", buf, 1, MAX_BOUND, &v);
	if (err)
		return err;
	WRITE_ONCE(nic->limits.bound, v);
	return len;
}
static DEVICE_ATTR_RW(defer_bound);

static ssize_t defer_usecs_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(dev_nic(dev)->limits.usecs));
}

static ssize_t defer_usecs_store(struct device *dev, struct device_attribute *attr,
				 const char *buf, size_t len)
{
	struct ndk_nic *nic = dev_nic(dev);
	u32 v;
	int err;

	err = parse(nic, "defer_usecs", buf, 0, MAX_USECS, &v);
	if (err)
		return err;
	WRITE_ONCE(nic->limits.usecs, v);
	return len;
}
static DEVICE_ATTR_RW(defer_usecs);

static ssize_t kernel_api_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", !READ_ONCE(dev_nic(dev)->api_off));
}

static ssize_t kernel_api_store(struct device *dev, struct device_attribute *attr,
				const char *buf, size_t len)
{
	struct ndk_nic *nic = dev_nic(dev);
	u32 v;
	int err;

	err = parse(nic, "kernel_api", buf, 0, 1, &v);
	if (err)
		return err;
	api_set_enabled(nic, v);
	return len;
}
static DEVICE_ATTR_RW(kernel_api);

static struct attribute *own_attrs[] = {
	&dev_attr_defer_bound.attr,
	&dev_attr_defer_usecs.attr,
	&dev_attr_kernel_api.attr,
};

static size_t count_attrs(struct attribute **a)
{
	size_t n = 0;

	while (a && a[n])
		n++;
	return n;
}

/* one group, "ndk", of our files and the backend's */
int ndk_settings_init(struct ndk_nic *nic)
{
	size_t n = count_attrs(nic->groups);
	struct attribute **attrs;

	attrs = kcalloc(ARRAY_SIZE(own_attrs) + n + 1, sizeof(*attrs), GFP_KERNEL);
	if (!attrs)
		return -ENOMEM;
	memcpy(attrs, own_attrs, sizeof(own_attrs));
	if (n)
		memcpy(attrs + ARRAY_SIZE(own_attrs), nic->groups, n * sizeof(*attrs));
	nic->group.name = "ndk";
	nic->group.attrs = attrs;
	nic->ibdev.ops.device_group = &nic->group;
	return 0;
}

void ndk_settings_exit(struct ndk_nic *nic)
{
	kfree(nic->group.attrs);
}
