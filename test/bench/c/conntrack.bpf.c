#include "common.h"

#define TC_ACT_OK 0

struct flow {
	__u32 saddr;
	__u32 daddr;
	__u16 sport;
	__u16 dport;
	__u8 protocol;
	__u8 pad[3];
};

struct entry {
	__u64 packets;
	__u64 bytes;
	__u64 last;
	__u32 state;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct flow);
	__type(value, struct entry);
	__uint(max_entries, 65536);
} flows SEC(".maps");

COUNTERS(flow_stats, 3);

SEC("tc")
int conntrack(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct eth *eth = data;
	struct ipv4 *ip = data + sizeof(*eth);
	struct tcp *tcp = (void *)(ip + 1);
	__u32 state = 1;

	if ((void *)(tcp + 1) > data_end)
		return TC_ACT_OK;
	if (eth->proto != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	if (ip->protocol == IPPROTO_TCP) {
		if (tcp->flags & 4)
			state = 4;
		else if (tcp->flags & 1)
			state = 3;
		else if (tcp->flags & TCP_SYN)
			state = 2;
	} else if (ip->protocol != IPPROTO_UDP) {
		return TC_ACT_OK;
	}
	struct flow key = {
		.saddr = ip->saddr,
		.daddr = ip->daddr,
		.sport = tcp->sport,
		.dport = tcp->dport,
		.protocol = ip->protocol,
	};
	struct entry *entry = bpf_map_lookup_elem(&flows, &key);
	if (entry) {
		entry->packets += 1;
		entry->bytes += skb->len;
		entry->last = bpf_ktime_get_ns();
		if (state > entry->state)
			entry->state = state;
		bump(&flow_stats, 0);
		return TC_ACT_OK;
	}
	struct entry fresh = {
		.packets = 1,
		.bytes = skb->len,
		.last = bpf_ktime_get_ns(),
		.state = state,
	};
	if (bpf_map_update_elem(&flows, &key, &fresh, BPF_NOEXIST))
		bump(&flow_stats, 2);
	else
		bump(&flow_stats, 1);
	return TC_ACT_OK;
}
