// What the loader is measured with: a hash, a mappable array, a ring buffer and its two producers.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct record {
	__u64 seq;
	__u64 time;
	__u32 pid;
	__u32 cpu;
	__u64 rest[5];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 16384);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1024);
} shared SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

const volatile __u32 target = 0;
__u64 produced = 0;
__u64 events_lost = 0;

static __always_inline int produce(void)
{
	struct record *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	__sync_fetch_and_add(&produced, 1);
	if (!record) {
		__sync_fetch_and_add(&events_lost, 1);
		return 1;
	}
	record->seq = produced;
	record->time = 1;
	record->pid = 2;
	record->cpu = 3;
	for (int i = 0; i < 5; i++)
		record->rest[i] = i;
	bpf_ringbuf_submit(record, 0);
	return 2;
}

SEC("xdp") int fill(struct xdp_md *ctx)
{
	return produce();
}

SEC("tracepoint/syscalls/sys_enter_getpgid") int on_getpgid(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == target)
		produce();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
