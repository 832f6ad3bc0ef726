#include "common.h"

#define TC_ACT_OK 0

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 64);
} class_of_dscp SEC(".maps");

COUNTERS(class_bytes, 8);

SEC("tc")
int dscp_mark(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct eth *eth = data;
	struct ipv4 *ip = data + sizeof(*eth);

	if ((void *)(ip + 1) > data_end)
		return TC_ACT_OK;
	if (eth->proto != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	__u32 dscp = ip->tos >> 2;
	__u32 *class = bpf_map_lookup_elem(&class_of_dscp, &dscp);
	if (!class)
		return TC_ACT_OK;
	__u32 index = *class & 7;
	__u64 *bytes = bpf_map_lookup_elem(&class_bytes, &index);
	if (bytes)
		__sync_fetch_and_add(bytes, skb->len);
	skb->mark = index;
	if (index >= 6)
		skb->priority = 7;
	else if (index >= 3)
		skb->priority = 4;
	else
		skb->priority = 0;
	return TC_ACT_OK;
}
