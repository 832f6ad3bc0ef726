// A tool that asks the kernel's BTF: fields of tasks at every switch, never attached here.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct nsproxy {
	void *mnt_ns;
	void *net_ns;
};
struct task_struct {
	int pid;
	int tgid;
	int prio;
	int static_prio;
	unsigned long long start_time;
	struct nsproxy *nsproxy;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	char comm[16];
};
#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1024);
} seen SEC(".maps");

SEC("raw_tp/sched_switch") int on_switch(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[2];
	__u32 pid = BPF_CORE_READ(task, pid);
	__u64 value = BPF_CORE_READ(task, real_parent, tgid) + BPF_CORE_READ(task, group_leader, prio) +
		      BPF_CORE_READ(task, start_time) + BPF_CORE_READ(task, static_prio) +
		      (__u64)BPF_CORE_READ(task, nsproxy, net_ns);

	if (bpf_core_field_exists(task->nsproxy))
		bpf_map_update_elem(&seen, &pid, &value, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
