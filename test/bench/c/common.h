/* What the C baselines share: packed headers as C programs usually declare them, and the counter bump. */
#pragma once
#include <linux/bpf.h>
#include <linux/types.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17

struct eth {
	__u8 dst[6];
	__u8 src[6];
	__be16 proto;
} __attribute__((packed));

struct vlan {
	__be16 tci;
	__be16 proto;
} __attribute__((packed));

struct ipv4 {
	__u8 ver_ihl;
	__u8 tos;
	__be16 tot_len;
	__be16 id;
	__be16 frag_off;
	__u8 ttl;
	__u8 protocol;
	__sum16 check;
	__be32 saddr;
	__be32 daddr;
};

struct tcp {
	__be16 sport;
	__be16 dport;
	__be32 seq;
	__be32 ack_seq;
	__u8 data_off;
	__u8 flags;
	__be16 window;
	__sum16 check;
	__be16 urg;
};

/* Ports are at the same place in TCP and UDP. */
struct ports {
	__be16 sport;
	__be16 dport;
};

#define TCP_SYN 0x02
#define TCP_ACK 0x10

#define COUNTERS(NAME, ENTRIES)                                                                                        \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                                      \
		__type(key, __u32);                                                                                    \
		__type(value, __u64);                                                                                  \
		__uint(max_entries, ENTRIES);                                                                          \
	} NAME SEC(".maps")

static __always_inline void bump(void *map, __u32 key)
{
	__u64 *value = bpf_map_lookup_elem(map, &key);

	if (value)
		__sync_fetch_and_add(value, 1);
}

char LICENSE[] SEC("license") = "GPL";
