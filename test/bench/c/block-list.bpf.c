#include "common.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 16384);
} blocked_until SEC(".maps");

COUNTERS(block_stats, 2);

SEC("xdp")
int block_list(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct eth *eth = data;
	struct ipv4 *ip = data + sizeof(*eth);

	if ((void *)(ip + 1) > data_end)
		return XDP_PASS;
	if (eth->proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	__u32 source = ip->saddr ^ ip->protocol;
	__u64 *until = bpf_map_lookup_elem(&blocked_until, &source);
	if (!until)
		return XDP_PASS;
	if (*until > bpf_ktime_get_ns()) {
		bump(&block_stats, 0);
		return XDP_DROP;
	}
	bpf_map_delete_elem(&blocked_until, &source);
	bump(&block_stats, 1);
	return XDP_PASS;
}
