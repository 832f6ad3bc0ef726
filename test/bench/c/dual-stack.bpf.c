#include "common.h"

struct ipv6 {
	__be32 vtf;
	__be16 payload_len;
	__u8 nexthdr;
	__u8 hop_limit;
	__u8 saddr[16];
	__u8 daddr[16];
};

struct traffic {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct traffic);
	__uint(max_entries, 256);
} by_protocol SEC(".maps");

COUNTERS(dual_stats, 4);

SEC("xdp")
int dual_stack(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct eth *eth = data;
	__u32 protocol;

	if ((void *)(eth + 1) > data_end)
		return XDP_DROP;
	if (eth->proto == bpf_htons(ETH_P_IP)) {
		struct ipv4 *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > data_end) {
			bump(&dual_stats, 0);
			return XDP_DROP;
		}
		if (ip->frag_off & bpf_htons(0x3fff)) {
			bump(&dual_stats, 1);
			return XDP_DROP;
		}
		protocol = ip->protocol;
	} else if (eth->proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6 *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > data_end) {
			bump(&dual_stats, 0);
			return XDP_DROP;
		}
		if (ip->hop_limit < 2) {
			bump(&dual_stats, 2);
			return XDP_DROP;
		}
		protocol = ip->nexthdr;
	} else {
		bump(&dual_stats, 3);
		return XDP_PASS;
	}
	struct traffic *traffic = bpf_map_lookup_elem(&by_protocol, &protocol);
	if (traffic) {
		traffic->packets += 1;
		traffic->bytes += data_end - data;
	}
	return XDP_PASS;
}
