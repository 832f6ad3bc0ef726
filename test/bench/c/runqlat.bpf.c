#include "common.h"

#define SLOTS 26

struct switch_args {
	__u64 common;
	char prev_comm[16];
	__u32 prev_pid;
	__s32 prev_prio;
	__s64 prev_state;
	char next_comm[16];
	__u32 next_pid;
	__s32 next_prio;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 10240);
} start SEC(".maps");

COUNTERS(hist, SLOTS);

static __always_inline __u32 log2_32(__u32 v)
{
	__u32 shift, r;

	r = (v > 0xffff) << 4;
	v >>= r;
	shift = (v > 0xff) << 3;
	v >>= shift;
	r |= shift;
	shift = (v > 0xf) << 2;
	v >>= shift;
	r |= shift;
	shift = (v > 0x3) << 1;
	v >>= shift;
	r |= shift;
	r |= v >> 1;
	return r;
}

static __always_inline __u32 log2_64(__u64 v)
{
	__u32 high = v >> 32;

	return high ? log2_32(high) + 32 : log2_32(v);
}

SEC("tracepoint/sched/sched_switch")
int runqlat(struct switch_args *ctx)
{
	__u64 now;
	__u32 pid = ctx->prev_pid;

	if (ctx->prev_state == 0 && pid != 0) {
		now = bpf_ktime_get_ns();
		bpf_map_update_elem(&start, &pid, &now, BPF_ANY);
	}
	pid = ctx->next_pid;
	__u64 *since = bpf_map_lookup_elem(&start, &pid);
	if (!since)
		return 0;
	__u64 delta = (bpf_ktime_get_ns() - *since) / 1000;
	__u32 slot = log2_64(delta);
	if (slot >= SLOTS)
		slot = SLOTS - 1;
	bump(&hist, slot);
	bpf_map_delete_elem(&start, &pid);
	return 0;
}
