#include "common.h"

struct event {
	__u64 when;
	__u32 pid;
	__u32 uid;
	__u64 cgroup;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u8);
	__uint(max_entries, 1024);
} ignored_users SEC(".maps");

COUNTERS(exec_stats, 3);

SEC("tracepoint/sched/sched_process_exec")
int exec_log(void *ctx)
{
	__u32 uid = bpf_get_current_uid_gid();

	if (bpf_map_lookup_elem(&ignored_users, &uid)) {
		bump(&exec_stats, 1);
		return 0;
	}
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		bump(&exec_stats, 2);
		return 0;
	}
	event->when = bpf_ktime_get_ns();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->uid = uid;
	event->cgroup = bpf_get_current_cgroup_id();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	bump(&exec_stats, 0);
	return 0;
}
