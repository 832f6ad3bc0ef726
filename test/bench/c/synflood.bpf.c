#include "common.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 32768);
} syn_counter SEC(".maps");

COUNTERS(syn_stats, 3);

SEC("xdp")
int synflood(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct eth *eth = data;
	struct ipv4 *ip = data + sizeof(*eth);
	struct tcp *tcp = (void *)(ip + 1);
	__u64 one = 1;

	if ((void *)(tcp + 1) > data_end)
		return XDP_PASS;
	if (eth->proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	if (!(tcp->flags & TCP_SYN) || (tcp->flags & TCP_ACK))
		return XDP_PASS;
	bump(&syn_stats, 0);
	__u32 source = ip->saddr;
	__u64 *count = bpf_map_lookup_elem(&syn_counter, &source);
	if (count) {
		if (*count > 100) {
			bump(&syn_stats, 1);
			return XDP_DROP;
		}
		__sync_fetch_and_add(count, 1);
	} else {
		bump(&syn_stats, 2);
		bpf_map_update_elem(&syn_counter, &source, &one, BPF_ANY);
	}
	return XDP_PASS;
}
