#include "common.h"

struct target {
	__u8 mac[6];
	__u16 ifindex;
	__u32 addr;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct target);
	__uint(max_entries, 256);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1024);
} vips SEC(".maps");

COUNTERS(lb_stats, 2);

static __always_inline __u32 mix(__u32 h, __u32 v)
{
	h ^= v;
	h *= 0x9e3779b1;
	h ^= h >> 15;
	return h;
}

SEC("xdp")
int ring_lb(struct xdp_md *ctx)
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
	__u32 vip = ip->daddr;
	__u32 *seed = bpf_map_lookup_elem(&vips, &vip);
	if (!seed)
		return XDP_PASS;
	if (ip->ttl <= 1) {
		bump(&lb_stats, 1);
		return XDP_DROP;
	}
	__u32 hash = *seed;
	hash = mix(hash, ip->saddr);
	hash = mix(hash, (__u32)l4->sport << 16 | l4->dport);
	hash = mix(hash, ip->protocol);
	__u32 slot = hash & 255;
	struct target *target = bpf_map_lookup_elem(&ring, &slot);
	if (!target || target->addr == 0)
		return XDP_PASS;
	__builtin_memcpy(eth->src, eth->dst, 6);
	__builtin_memcpy(eth->dst, target->mac, 6);
	ip->ttl -= 1;
	__u32 check = ip->check;
	check += bpf_htons(0x0100);
	ip->check = check + (check >= 0xffff);
	bump(&lb_stats, 0);
	return XDP_TX;
}
