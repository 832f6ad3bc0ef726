#include "common.h"

#define TC_ACT_OK 0
#define TC_ACT_SHOT 2

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u16);
	__type(value, __u8);
	__uint(max_entries, 256);
} blocked_ports SEC(".maps");

COUNTERS(tc_stats, 4);

SEC("tc")
int tc_classifier(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct eth *eth = data;
	struct ipv4 *ip = data + sizeof(*eth);
	struct ports *l4 = (void *)(ip + 1);

	if ((void *)(l4 + 1) > data_end)
		return TC_ACT_OK;
	if (eth->proto != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return TC_ACT_OK;
	bump(&tc_stats, 0);
	__u16 port = bpf_ntohs(l4->dport);
	if (bpf_map_lookup_elem(&blocked_ports, &port)) {
		bump(&tc_stats, 3);
		return TC_ACT_SHOT;
	}
	if (port == 22 || port == 53)
		bump(&tc_stats, 1);
	else if (port == 80 || port == 443)
		bump(&tc_stats, 2);
	return TC_ACT_OK;
}
