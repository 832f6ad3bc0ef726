#include "common.h"

#define SLOTS 27

struct issue_args {
	__u64 common;
	__u32 dev;
	__u32 pad;
	__u64 sector;
	__u32 nr_sector;
	__u32 bytes;
};

struct request {
	__u32 dev;
	__u32 pad;
	__u64 sector;
};

struct hist_key {
	__u32 dev;
	__u32 slot;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct request);
	__type(value, __u64);
	__uint(max_entries, 10240);
} issued SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct hist_key);
	__type(value, __u64);
	__uint(max_entries, 4096);
} latencies SEC(".maps");

SEC("tracepoint/block/block_rq_issue")
int rq_issue(struct issue_args *ctx)
{
	struct request key = { .dev = ctx->dev, .sector = ctx->sector };
	__u64 now = bpf_ktime_get_ns();

	bpf_map_update_elem(&issued, &key, &now, BPF_ANY);
	return 0;
}

SEC("tracepoint/block/block_rq_complete")
int rq_complete(struct issue_args *ctx)
{
	struct request key = { .dev = ctx->dev, .sector = ctx->sector };
	__u64 *since = bpf_map_lookup_elem(&issued, &key);

	if (!since)
		return 0;
	__u64 us = (bpf_ktime_get_ns() - *since) / 1000;
	__u32 slot = 0;
#pragma unroll
	for (int i = 0; i < SLOTS - 1; i++)
		if (us >= 1ULL << (i + 1))
			slot = i + 1;
	struct hist_key bucket = { .dev = key.dev, .slot = slot };
	__u64 one = 1;
	__u64 *count = bpf_map_lookup_elem(&latencies, &bucket);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&latencies, &bucket, &one, BPF_NOEXIST);
	bpf_map_delete_elem(&issued, &key);
	return 0;
}
