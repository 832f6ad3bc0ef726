#include "common.h"

struct service {
	__u32 addr;
	__u16 port;
	__u16 protocol;
};

struct place {
	__u32 addr;
	__u32 port;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct service);
	__type(value, struct place);
	__uint(max_entries, 4096);
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, __u64);
	__type(value, struct place);
	__uint(max_entries, 4096);
} originals SEC(".maps");

COUNTERS(connect_stats, 2);

SEC("cgroup/connect4")
int connect_redirect(struct bpf_sock_addr *ctx)
{
	struct service key = {
		.addr = ctx->user_ip4,
		.port = ctx->user_port,
		.protocol = ctx->protocol,
	};

	if (ctx->type != 1)
		return 1;
	struct place *place = bpf_map_lookup_elem(&services, &key);
	if (!place) {
		bump(&connect_stats, 0);
		return 1;
	}
	struct place original = { .addr = ctx->user_ip4, .port = ctx->user_port };
	__u64 cookie = bpf_get_socket_cookie(ctx);
	bpf_map_update_elem(&originals, &cookie, &original, BPF_ANY);
	ctx->user_ip4 = place->addr;
	ctx->user_port = place->port;
	bump(&connect_stats, 1);
	return 1;
}
