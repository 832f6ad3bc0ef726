#include "common.h"

struct policy_key {
	__u32 identity;
	__be16 dport;
	__u8 proto;
	__u8 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 65536);
} ipcache_v4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct policy_key);
	__type(value, __u32);
	__uint(max_entries, 16384);
} policy_v4 SEC(".maps");

COUNTERS(policy_stats, 4);

SEC("xdp")
int policy_l4(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct eth *eth = data;
	struct ipv4 *ip = data + sizeof(*eth);
	struct ports *l4 = (void *)(ip + 1);

	if ((void *)(l4 + 1) > data_end)
		return XDP_PASS;
	if (eth->proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	bump(&policy_stats, 0);
	__u32 source = ip->saddr;
	__u32 *identity = bpf_map_lookup_elem(&ipcache_v4, &source);
	if (!identity) {
		bump(&policy_stats, 2);
		return XDP_DROP;
	}
	struct policy_key key = {
		.identity = *identity,
		.dport = l4->dport,
		.proto = ip->protocol,
	};
	if (bpf_map_lookup_elem(&policy_v4, &key)) {
		bump(&policy_stats, 1);
		return XDP_PASS;
	}
	bump(&policy_stats, 3);
	return XDP_DROP;
}
