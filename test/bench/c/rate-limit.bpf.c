#include "common.h"

#define WINDOW_NS 1000000000ULL
#define LIMIT 200

struct window {
	__u64 start;
	__u32 count;
	__u32 dropped;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, __u32);
	__type(value, struct window);
	__uint(max_entries, 65536);
} windows SEC(".maps");

COUNTERS(limit_stats, 3);

SEC("xdp")
int rate_limit(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct eth *eth = data;
	struct ipv4 *ip = data + sizeof(*eth);
	struct tcp *tcp = (void *)(ip + 1);

	if ((void *)(tcp + 1) > data_end)
		return XDP_PASS;
	if (eth->proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	if ((tcp->flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
		return XDP_PASS;
	bump(&limit_stats, 0);

	__u32 source = ip->saddr;
	__u64 now = bpf_ktime_get_ns();
	struct window *window = bpf_map_lookup_elem(&windows, &source);
	if (!window) {
		struct window fresh = { .start = now, .count = 1 };

		bpf_map_update_elem(&windows, &source, &fresh, BPF_ANY);
		bump(&limit_stats, 1);
		return XDP_PASS;
	}
	if (now - window->start > WINDOW_NS) {
		window->start = now;
		window->count = 1;
		return XDP_PASS;
	}
	window->count += 1;
	if (window->count > LIMIT) {
		window->dropped += 1;
		bump(&limit_stats, 2);
		return XDP_DROP;
	}
	return XDP_PASS;
}
