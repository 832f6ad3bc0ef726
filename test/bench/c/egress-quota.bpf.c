#include "common.h"

struct quota {
	__u64 limit;
	__u64 used;
	__u64 packets;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, struct quota);
	__uint(max_entries, 1024);
} quotas SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u8);
	__uint(max_entries, 1024);
} denied SEC(".maps");

COUNTERS(egress_stats, 4);

SEC("cgroup_skb/egress")
int egress_quota(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *data_end = (void *)(long)skb->data_end;
	struct ipv4 *ip = data;

	bump(&egress_stats, 0);
	if ((void *)(ip + 1) <= data_end && ip->ver_ihl >> 4 == 4) {
		__u32 addr = ip->daddr;

		if (bpf_map_lookup_elem(&denied, &addr)) {
			bump(&egress_stats, 1);
			return 0;
		}
	}
	__u32 id = skb->mark;
	struct quota *quota = bpf_map_lookup_elem(&quotas, &id);
	if (!quota) {
		bump(&egress_stats, 2);
		return 1;
	}
	__sync_fetch_and_add(&quota->packets, 1);
	if (quota->used + skb->len > quota->limit) {
		bump(&egress_stats, 3);
		return 0;
	}
	__sync_fetch_and_add(&quota->used, skb->len);
	return 1;
}
