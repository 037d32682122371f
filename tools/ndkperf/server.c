// SPDX-License-Identifier: GPL-2.0
/*
 * The server: listens, and gives each connection a life of its own.
 */
#include <linux/slab.h>

#include "server.h"

/*
 * A client wants to connect. From here on the connector is ours: to accept, to
 * reject, or just to close, which rejects.
 */
static void on_connect(void *context, struct ndk_connector *connector)
{
	struct perf_server *s = context;
	struct perf_peer *p = peer_new(s, connector);

	if (!p) {
		ndk_close_connector(connector, NULL, NULL);
		return;
	}
	scoped_guard(spinlock_bh, &s->lock)
		list_add_tail(&p->link, &s->peers);
	queue_work(system_unbound_wq, &p->work);
}

/* The last thing a connection's work does. */
void server_forget(struct perf_peer *p)
{
	struct perf_server *s = p->server;

	spin_lock_bh(&s->lock);
	list_del(&p->link);
	s->total.gone++;
	s->total.messages += p->received;
	s->total.bad += p->bad + p->check_bad;
	s->total.failed += p->error != 0;
	/* under the lock: who waits may free the server as soon as it can take it */
	wake_up_all(&s->wait);
	spin_unlock_bh(&s->lock);
}

/* The adapter goes: who waits is told, and the program closes us. */
static void on_removal(void *context)
{
	struct perf_server *s = context;

	guard(spinlock_bh)(&s->lock);
	s->removed = true;
	wake_up_all(&s->wait);
}

static int listen_at(struct perf_server *s, const struct sockaddr_storage *local)
{
	u32 len = local->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
						 sizeof(struct sockaddr_in);
	struct ndk_waiter w;
	int err;

	ndk_waiter_init(&w);
	err = ndk_wait(&w, ndk_create_listener(s->adapter, on_connect, s, ndk_waiter_created, &w,
					       &s->listener));
	if (err) {
		s->listener = NULL;
		return err;
	}
	if (w.object)
		s->listener = (struct ndk_listener *)w.object;
	ndk_waiter_init(&w);
	return ndk_wait(&w, ndk_listen(s->listener, (const struct sockaddr *)local, len,
				       ndk_waiter_done, &w));
}

static int setup(struct perf_server *s, struct ndkperf_serve *arg)
{
	struct sockaddr_storage local;
	u32 len = sizeof(local);
	int err;

	err = perf_address(&arg->local, &local) ?:
	      perf_open(&local, on_removal, s, &s->adapter);
	if (err)
		return err;
	err = listen_at(s, &local);
	if (err)
		return err;
	strscpy(arg->device, ndk_adapter_name(s->adapter), sizeof(arg->device));
	err = ndk_get_listener_address(s->listener, (struct sockaddr *)&local, &len);
	if (!err)
		perf_port(&arg->local, &local);
	return err;
}

struct perf_server *perf_server_new(struct ndkperf_serve *arg)
{
	struct perf_server *s;
	int err;

	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&s->lock);
	init_waitqueue_head(&s->wait);
	INIT_LIST_HEAD(&s->peers);
	err = setup(s, arg);
	if (err) {
		perf_server_free(s);
		return ERR_PTR(err);
	}
	return s;
}

static bool more_gone(struct perf_server *s, u64 seen)
{
	guard(spinlock_bh)(&s->lock);
	return s->removed || s->total.gone > seen;
}

int perf_server_wait(struct perf_server *s, struct ndkperf_served *arg)
{
	u64 seen = arg->seen;

	if (wait_event_interruptible(s->wait, more_gone(s, seen)))
		return -EINTR;
	guard(spinlock_bh)(&s->lock);
	*arg = s->total;
	arg->seen = seen;
	s->reported = s->total.gone;
	return s->removed ? -ENODEV : 0;
}

__poll_t perf_server_poll(struct perf_server *s, struct file *file, poll_table *pt)
{
	poll_wait(file, &s->wait, pt);
	return more_gone(s, READ_ONCE(s->reported)) ? EPOLLIN : 0;
}

static bool is_idle(struct perf_server *s)
{
	guard(spinlock_bh)(&s->lock);
	return list_empty(&s->peers);
}

static void stop_peers(struct perf_server *s)
{
	struct perf_peer *p;

	scoped_guard(spinlock_bh, &s->lock) {
		s->stopping = true;
		list_for_each_entry(p, &s->peers, link)
			wake_up(&p->wait);
	}
	wait_event(s->wait, is_idle(s));
}

/*
 * Closing the listener waits for its connectors, so they go first; pausing it
 * sees to it that no more come meanwhile. An event may still be running: it finds
 * a server that is stopping. When the adapter's close returns, nothing of ours
 * runs any more.
 */
void perf_server_free(struct perf_server *s)
{
	struct ndk_waiter w;

	if (s->listener) {
		ndk_control_connect_events(s->listener, true);
		stop_peers(s);
		ndk_waiter_init(&w);
		ndk_wait(&w, ndk_close_listener(s->listener, ndk_waiter_closed, &w));
		stop_peers(s);
	}
	if (s->adapter)
		ndk_close_adapter(s->adapter);
	kfree(s);
}
