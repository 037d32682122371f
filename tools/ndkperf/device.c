// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/ndkperf: the program's way in.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "perf.h"

/**
 * struct perf_file - an open file
 * @mutex: protects what follows while it is chosen
 * @client: what it is, or NULL
 * @server: what it is, or NULL
 */
struct perf_file {
	struct mutex mutex; /* what follows */
	struct perf_client *client;
	struct perf_server *server;
};

static int perf_file_open(struct inode *inode, struct file *file)
{
	struct perf_file *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	mutex_init(&f->mutex);
	file->private_data = f;
	return 0;
}

static int perf_file_release(struct inode *inode, struct file *file)
{
	struct perf_file *f = file->private_data;

	if (f->client)
		perf_client_free(f->client);
	if (f->server)
		perf_server_free(f->server);
	mutex_destroy(&f->mutex);
	kfree(f);
	return 0;
}

static bool is_taken(const struct perf_file *f)
{
	return f->client || f->server;
}

static int become_client(struct perf_file *f, struct ndkperf_connect *arg)
{
	struct perf_client *c;

	guard(mutex)(&f->mutex);
	if (is_taken(f))
		return -EBUSY;
	c = perf_client_new(arg);
	if (IS_ERR(c))
		return PTR_ERR(c);
	f->client = c;
	return 0;
}

static int become_server(struct perf_file *f, struct ndkperf_serve *arg)
{
	struct perf_server *s;

	guard(mutex)(&f->mutex);
	if (is_taken(f))
		return -EBUSY;
	s = perf_server_new(arg);
	if (IS_ERR(s))
		return PTR_ERR(s);
	f->server = s;
	return 0;
}

/**
 * union perf_arg - argument of an ioctl
 * @serve: %NDKPERF_SERVE
 * @served: %NDKPERF_SERVED
 * @connect: %NDKPERF_CONNECT
 * @run: %NDKPERF_RUN
 * @check: %NDKPERF_CHECK
 */
union perf_arg {
	struct ndkperf_serve serve;
	struct ndkperf_served served;
	struct ndkperf_connect connect;
	struct ndkperf_run run;
	struct ndkperf_check check;
};

static int client_ioctl(struct perf_client *c, unsigned int cmd, union perf_arg *arg)
{
	if (!c)
		return -ENOTCONN;
	return cmd == NDKPERF_RUN ? perf_client_run(c, &arg->run) :
				    perf_client_check(c, &arg->check);
}

static int do_ioctl(struct perf_file *f, unsigned int cmd, union perf_arg *arg)
{
	switch (cmd) {
	case NDKPERF_SERVE:
		return become_server(f, &arg->serve);
	case NDKPERF_SERVED:
		return f->server ? perf_server_wait(f->server, &arg->served) : -ENOTCONN;
	case NDKPERF_CONNECT:
		return become_client(f, &arg->connect);
	default:
		return client_ioctl(f->client, cmd, arg);
	}
}

static int give_latency(struct perf_file *f, void __user *to)
{
	const struct ndkperf_latency *l;

	if (!f->client)
		return -ENOTCONN;
	l = perf_client_latency(f->client);
	return copy_to_user(to, l, sizeof(*l)) ? -EFAULT : 0;
}

/* The result of a round that failed in the middle is of use, too. */
static long perf_file_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	struct perf_file *f = file->private_data;
	void __user *p = (void __user *)user;
	union perf_arg arg = {};
	int err;

	switch (cmd) {
	case NDKPERF_LATENCY:
		return give_latency(f, p);
	case NDKPERF_SERVE:
	case NDKPERF_SERVED:
	case NDKPERF_CONNECT:
	case NDKPERF_RUN:
	case NDKPERF_CHECK:
		break;
	default:
		return -ENOTTY;
	}
	if ((_IOC_DIR(cmd) & _IOC_WRITE) && copy_from_user(&arg, p, _IOC_SIZE(cmd)))
		return -EFAULT;
	err = do_ioctl(f, cmd, &arg);
	if (copy_to_user(p, &arg, _IOC_SIZE(cmd)))
		return -EFAULT;
	return err;
}

/* A server that has something to tell (NDKPERF_SERVED). */
static __poll_t perf_file_poll(struct file *file, poll_table *pt)
{
	struct perf_file *f = file->private_data;
	struct perf_server *s = READ_ONCE(f->server);

	return s ? perf_server_poll(s, file, pt) : EPOLLERR;
}

static const struct file_operations perf_fops = {
	.owner = THIS_MODULE,
	.open = perf_file_open,
	.release = perf_file_release,
	.poll = perf_file_poll,
	.unlocked_ioctl = perf_file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice perf_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ndkperf",
	.fops = &perf_fops,
	.mode = 0600,
};

module_misc_device(perf_device);

MODULE_DESCRIPTION("Performance of the NDK kernel API; example of a consumer");
MODULE_LICENSE("GPL");
