#include "common.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 256);
} rxcnt SEC(".maps");

struct ipv6 {
	__u32 ver_tc_flow;
	__be16 payload_len;
	__u8 nexthdr;
	__u8 hop_limit;
	__u8 addresses[32];
};

SEC("xdp")
int xdp1(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct eth *eth = data;
	__u32 protocol = 0;

	if ((void *)(eth + 1) > data_end)
		return XDP_DROP;
	__be16 type = eth->proto;
	void *next = eth + 1;
#pragma unroll
	for (int i = 0; i < 2; i++) {
		if (type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD)) {
			struct vlan *vlan = next;

			if ((void *)(vlan + 1) > data_end)
				return XDP_DROP;
			type = vlan->proto;
			next = vlan + 1;
		}
	}
	if (type == bpf_htons(ETH_P_IP)) {
		struct ipv4 *ip = next;

		if ((void *)(ip + 1) <= data_end)
			protocol = ip->protocol;
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		struct ipv6 *ip = next;

		if ((void *)(ip + 1) <= data_end)
			protocol = ip->nexthdr;
	}
	__u64 *count = bpf_map_lookup_elem(&rxcnt, &protocol);
	if (count)
		*count += 1;
	return XDP_DROP;
}
