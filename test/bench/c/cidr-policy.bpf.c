#include "common.h"

#define TC_ACT_OK 0
#define TC_ACT_SHOT 2

struct prefix {
	__u32 length;
	__u32 addr;
};

struct rule {
	__u16 low;
	__u16 high;
	__u8 protocol;
	__u8 action;
	__u16 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct prefix);
	__type(value, struct rule);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} rules SEC(".maps");

COUNTERS(rule_stats, 4);

SEC("tc")
int cidr_policy(struct __sk_buff *skb)
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
	bump(&rule_stats, 0);
	struct prefix key = { .length = 32, .addr = ip->saddr };
	struct rule *rule = bpf_map_lookup_elem(&rules, &key);
	if (!rule) {
		bump(&rule_stats, 1);
		return TC_ACT_OK;
	}
	if (rule->protocol != 0 && rule->protocol != ip->protocol) {
		bump(&rule_stats, 1);
		return TC_ACT_OK;
	}
	__u16 port = bpf_ntohs(l4->dport);
	if (port < rule->low || port > rule->high) {
		bump(&rule_stats, 1);
		return TC_ACT_OK;
	}
	if (rule->action == 1) {
		bump(&rule_stats, 2);
		return TC_ACT_SHOT;
	}
	bump(&rule_stats, 3);
	return TC_ACT_OK;
}
