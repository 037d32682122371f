/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices by name.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <infiniband/verbs.h>
#include <string.h>

/**
 * open_device() - open an RDMA device
 * @name: its name
 *
 * Return: the device, NULL if there is none or it cannot be opened.
 */
static inline struct ibv_context *open_device(const char *name)
{
	struct ibv_device **list = ibv_get_device_list(NULL);
	struct ibv_context *ctx = NULL;
	int i;

	for (i = 0; list && list[i]; i++)
		if (!strcmp(ibv_get_device_name(list[i]), name))
			ctx = ibv_open_device(list[i]);
	if (list)
		ibv_free_device_list(list);
	return ctx;
}

#endif /* DEVICE_H */
