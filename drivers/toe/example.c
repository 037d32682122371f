// SPDX-License-Identifier: GPL-2.0
/*
 * A receive client: it computes the CRC-32 of all bytes that arrive, in a worker,
 * and of most of them without copying any. Documentation/toe-receive.md walks
 * through it.
 *
 *	handler (softirq)                worker (process context)
 *	  chained: keep the buffers  ->    read them in place, give them back
 *	  copy:    copy the bytes    ->    read the copy, free it
 *	  no room: refuse            <-    ask for more once there is room
 *
 * So that it can be tried without a network card, it is fed through debugfs, in
 * ndk_toe_example/: bytes written to "input" arrive as if from the network,
 * anything written to "end" ends the stream, and "result" says what came.
 */
#include <linux/crc32.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include <ndk/toe_recv.h>

/* What arrived and was not looked at yet. A ring: the handler never allocates. */
#define ENTRIES		64
/* bytes of one unit of "input" */
#define UNIT		32768
/* bytes that may wait; the window of a real connection */
#define WINDOW		(1024 * 1024)

static unsigned int budget = 512 * 1024;
module_param(budget, uint, 0444);
MODULE_PARM_DESC(budget, "bytes to keep at a time; 0: always the copy form");

/**
 * struct entry - bytes that arrived
 * @ind: where they are, if they were kept
 * @copy: where they are, if they were copied
 * @length: how many
 */
struct entry {
	struct toe_chained ind;
	void *copy;
	u32 length;
};

/**
 * struct example - the client
 * @ep: its endpoint
 * @lock: @entries, @head, @tail, @refused
 * @entries: ring of what arrived
 * @head: next one to fill
 * @tail: next one to read
 * @refused: an indication was refused, because the ring was full
 * @ended: the last event has come
 * @work: reads
 * @resume: asks for more after a refusal
 * @bytes: bytes read
 * @crc: their CRC-32
 */
struct example {
	struct toe_endpoint *ep;
	spinlock_t lock; /* see above */
	struct entry entries[ENTRIES];
	unsigned int head;
	unsigned int tail;
	bool refused;
	bool ended;
	struct work_struct work;
	struct toe_rcv_request resume;
	u64 bytes;
	u32 crc;
};

static struct example example;
static struct dentry *dir;

/* The answer to an indication that finds no room; work() resumes. */
static u32 refuse(struct example *x)
{
	unsigned long flags;

	spin_lock_irqsave(&x->lock, flags);
	x->refused = true;
	spin_unlock_irqrestore(&x->lock, flags);
	schedule_work(&x->work);
	return TOE_DATA_NOT_ACCEPTED;
}

/* Put one entry into the ring. False: there is no room. */
static bool put_entry(struct example *x, const struct entry *e)
{
	unsigned long flags;
	bool room;

	spin_lock_irqsave(&x->lock, flags);
	room = x->head - x->tail < ENTRIES;
	if (room)
		x->entries[x->head++ % ENTRIES] = *e;
	spin_unlock_irqrestore(&x->lock, flags);
	schedule_work(&x->work);
	return room;
}

/*
 * The chained form. The buffers stay ours until we return @ind->tsdu; @ind itself
 * does not, so it is copied.
 */
static u32 chained(void *ctx, const struct toe_chained *ind)
{
	struct entry e = { .ind = *ind, .length = ind->length };

	return put_entry(ctx, &e) ? TOE_PENDING : refuse(ctx);
}

/* The copy form: the bytes are there until we return from here. */
static u32 copy(void *ctx, struct toe_indication *ind)
{
	struct entry e = { .length = ind->indicated };

	e.copy = kmemdup(ind->data, ind->indicated, GFP_ATOMIC);
	if (!e.copy)
		return refuse(ctx);
	if (!put_entry(ctx, &e)) {
		kfree(e.copy);
		return refuse(ctx);
	}
	ind->taken = ind->indicated;
	return TOE_SUCCESS;
}

static void disconnect(void *ctx, bool abort)
{
	struct example *x = ctx;

	WRITE_ONCE(x->ended, true);
}

static bool get_entry(struct example *x, struct entry *e)
{
	unsigned long flags;
	bool found;

	spin_lock_irqsave(&x->lock, flags);
	found = x->head != x->tail;
	if (found)
		*e = x->entries[x->tail++ % ENTRIES];
	spin_unlock_irqrestore(&x->lock, flags);
	return found;
}

static void read_chain(struct example *x, const struct toe_chained *ind)
{
	struct toe_chain_iter it;
	const void *data;
	u32 n;

	toe_chain_start(&it, ind);
	while ((n = toe_chain_next(&it, &data)))
		x->crc = crc32_le(x->crc, data, n);
}

static void resume_done(struct toe_rcv_request *req)
{
}

/*
 * Nothing is indicated after a refusal until a request is posted. One with no
 * room consumes nothing, and says that we are ready again.
 */
static void resume(struct example *x)
{
	unsigned long flags;
	bool refused;

	spin_lock_irqsave(&x->lock, flags);
	refused = x->refused;
	x->refused = false;
	spin_unlock_irqrestore(&x->lock, flags);
	if (refused)
		toe_endpoint_receive(x->ep, &x->resume);
}

static void work(struct work_struct *w)
{
	struct example *x = container_of(w, struct example, work);
	u64 tsdus[16];
	unsigned int n = 0;
	struct entry e;

	while (get_entry(x, &e)) {
		if (e.copy) {
			x->crc = crc32_le(x->crc, e.copy, e.length);
			kfree(e.copy);
		} else {
			read_chain(x, &e.ind);
			tsdus[n++] = e.ind.tsdu;
		}
		x->bytes += e.length;
		/* in batches: cheaper, and still soon */
		if (n == ARRAY_SIZE(tsdus)) {
			toe_return_chained_receives(tsdus, n);
			n = 0;
		}
	}
	toe_return_chained_receives(tsdus, n);
	resume(x);
}

static int client_open(struct example *x)
{
	struct toe_endpoint_attr attr = {
		.name = "ndk_toe_example",
		.budget = budget,
	};
	int err;

	spin_lock_init(&x->lock);
	INIT_WORK(&x->work, work);
	x->crc = ~0;
	x->resume.done = resume_done;
	x->ep = toe_endpoint_create(&attr);
	if (IS_ERR(x->ep))
		return PTR_ERR(x->ep);
	err = toe_set_event_handler(x->ep, TOE_EVENT_DISCONNECT, disconnect, x);
	if (!err)
		err = toe_set_event_handler(x->ep, TOE_EVENT_CHAINED, chained, x);
	if (!err)
		err = toe_set_event_handler(x->ep, TOE_EVENT_RECEIVE, copy, x);
	if (err)
		toe_endpoint_destroy(x->ep);
	return err;
}

/* The endpoint goes first: then nothing is added, and the worker empties the ring. */
static void client_close(struct example *x)
{
	struct toe_endpoint *ep = x->ep;

	toe_set_event_handler(ep, TOE_EVENT_CHAINED, (toe_chained_fn)NULL, NULL);
	toe_set_event_handler(ep, TOE_EVENT_RECEIVE, (toe_receive_fn)NULL, NULL);
	flush_work(&x->work);
	toe_endpoint_destroy(ep);
}

/*
 * From here on: what takes the place of a network
 */

/* Half of it in the linear part, half in page fragments, as drivers do. */
static struct sk_buff *make_unit(const char __user *buf, size_t n)
{
	struct iov_iter from;
	struct sk_buff *skb;
	int err;

	skb = alloc_skb_with_frags(n / 2, n - n / 2, 0, &err, GFP_KERNEL);
	if (!skb)
		return ERR_PTR(err);
	skb_put(skb, n / 2);
	skb->data_len = n - n / 2;
	skb->len += n - n / 2;
	err = import_ubuf(ITER_SOURCE, (void __user *)buf, n, &from);
	if (!err)
		err = skb_copy_datagram_from_iter(skb, 0, &from, n);
	if (err) {
		kfree_skb(skb);
		return ERR_PTR(err);
	}
	return skb;
}

static ssize_t input_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	size_t n = min_t(size_t, len, UNIT);
	struct sk_buff *skb;
	int err;

	if (!n)
		return 0;
	/* a peer would see the window closed */
	while (toe_endpoint_waiting(example.ep) + n > WINDOW) {
		flush_work(&example.work);
		if (signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	skb = make_unit(buf, n);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	local_bh_disable();
	err = toe_endpoint_input(example.ep, skb, TOE_RX_PSH);
	local_bh_enable();
	if (!err)
		return n;
	kfree_skb(skb);
	return err;
}

static const struct file_operations input_fops = {
	.owner = THIS_MODULE,
	.write = input_write,
};

static ssize_t end_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	toe_endpoint_end(example.ep, false);
	return len;
}

static const struct file_operations end_fops = {
	.owner = THIS_MODULE,
	.write = end_write,
};

static int result_show(struct seq_file *m, void *v)
{
	struct toe_endpoint_stats s;

	flush_work(&example.work);
	toe_endpoint_get_stats(example.ep, &s);
	seq_printf(m, "bytes %llu\ncrc32 %08x\nended %d\n", example.bytes, ~example.crc,
		   READ_ONCE(example.ended));
	seq_printf(m, "chained %llu\ncopy %llu\nkept %u\n", s.chained, s.copy, s.kept);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(result);

static int __init example_init(void)
{
	int err;

	err = client_open(&example);
	if (err)
		return err;
	dir = debugfs_create_dir("ndk_toe_example", NULL);
	debugfs_create_file("input", 0200, dir, NULL, &input_fops);
	debugfs_create_file("end", 0200, dir, NULL, &end_fops);
	debugfs_create_file("result", 0400, dir, NULL, &result_fops);
	return 0;
}

static void __exit example_exit(void)
{
	debugfs_remove(dir);
	client_close(&example);
}

module_init(example_init);
module_exit(example_exit);

MODULE_DESCRIPTION("Example of a receive client: CRC-32 of what arrives");
MODULE_LICENSE("GPL");
