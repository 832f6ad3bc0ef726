#include "common.h"

struct service_key {
	__u32 addr;
	__u16 dport;
	__u16 slot;
	__u8 proto;
	__u8 scope;
	__u16 pad;
};

struct service {
	__u32 backend_id;
	__u16 count;
	__u16 rev;
	__u8 flags;
	__u8 pad[7];
};

struct backend {
	__u32 addr;
	__u16 port;
	__u8 proto;
	__u8 flags;
	__u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct service_key);
	__type(value, struct service);
	__uint(max_entries, 65536);
} lb4_services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, struct backend);
	__uint(max_entries, 65536);
} lb4_backends SEC(".maps");

/* Incremental update of the header checksum (RFC 1624) for one 32-bit word. */
static __always_inline __u16 csum_replace4(__u16 check, __u32 from, __u32 to)
{
	__u32 sum = (__u16)~check;

	sum += (__u16)~(from & 0xffff);
	sum += (__u16)~(from >> 16);
	sum += to & 0xffff;
	sum += to >> 16;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

SEC("xdp")
int nodeport_lb4(struct xdp_md *ctx)
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

	struct service_key key = {
		.addr = ip->daddr,
		.dport = l4->dport,
		.slot = 0,
		.proto = ip->protocol,
	};
	struct service *service = bpf_map_lookup_elem(&lb4_services, &key);
	if (!service || service->count == 0)
		return XDP_PASS;
	key.slot = bpf_get_prandom_u32() % service->count + 1;
	service = bpf_map_lookup_elem(&lb4_services, &key);
	if (!service)
		return XDP_PASS;
	__u32 id = service->backend_id;
	struct backend *backend = bpf_map_lookup_elem(&lb4_backends, &id);
	if (!backend)
		return XDP_PASS;
	__u32 old = ip->daddr;
	ip->daddr = backend->addr;
	ip->check = csum_replace4(ip->check, old, backend->addr);
	l4->dport = backend->port;
	return XDP_PASS;
}
