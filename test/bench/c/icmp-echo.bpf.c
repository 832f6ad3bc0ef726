#include "common.h"

struct icmp {
	__u8 type;
	__u8 code;
	__sum16 check;
	__be16 id;
	__be16 seq;
};

COUNTERS(echo_count, 1);

SEC("xdp")
int icmp_echo(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct eth *eth = data;
	struct ipv4 *ip = data + sizeof(*eth);
	struct icmp *icmp = (void *)(ip + 1);
	__u8 mac[6];

	if ((void *)(icmp + 1) > data_end)
		return XDP_PASS;
	if (eth->proto != bpf_htons(ETH_P_IP) || ip->protocol != 1)
		return XDP_PASS;
	if (icmp->type != 8 || icmp->code != 0)
		return XDP_PASS;
	__builtin_memcpy(mac, eth->dst, 6);
	__builtin_memcpy(eth->dst, eth->src, 6);
	__builtin_memcpy(eth->src, mac, 6);
	__u32 addr = ip->saddr;
	ip->saddr = ip->daddr;
	ip->daddr = addr;
	icmp->type = 0;
	__u32 check = icmp->check + bpf_htons(0x0800);
	icmp->check = check + (check >> 16);
	bump(&echo_count, 0);
	return XDP_TX;
}
