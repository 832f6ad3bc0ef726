// What CO-RE answers: offsets, sizes, existence, values of enumerators.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct task_struct {
	int pid;
	int tgid;
	unsigned long long start_time;
	struct task_struct *real_parent;
	char comm[16];
	int a_field_that_no_kernel_has;
};
struct task_struct___other {
	unsigned int nothing_like_this;
};
#pragma clang attribute pop
enum bpf_map_type___mine {
	BPF_MAP_TYPE_HASH___mine = 77,
};
struct no_such_struct {
	int x;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 16);
} answers SEC(".maps");

static __always_inline void put(__u32 index, __u64 value)
{
	bpf_map_update_elem(&answers, &index, &value, BPF_ANY);
}

SEC("xdp") int run(struct xdp_md *ctx)
{
	struct task_struct *task = (void *)0;
	struct task_struct___other *other = (void *)0;

	put(0, __builtin_preserve_field_info(task->pid, BPF_FIELD_BYTE_OFFSET));
	put(1, __builtin_preserve_field_info(task->comm, BPF_FIELD_BYTE_OFFSET));
	put(2, bpf_core_field_size(task->comm));
	put(3, bpf_core_field_exists(task->tgid));
	put(4, bpf_core_field_exists(task->a_field_that_no_kernel_has));
	put(5, bpf_core_type_size(struct task_struct));
	put(6, bpf_core_type_exists(struct no_such_struct));
	put(7, bpf_core_type_exists(struct task_struct));
	put(8, bpf_core_enum_value(enum bpf_map_type___mine, BPF_MAP_TYPE_HASH___mine));
	put(9, bpf_core_field_exists(other->nothing_like_this));
	put(10, __builtin_preserve_field_info(task->start_time, BPF_FIELD_BYTE_OFFSET));
	return 2;
}

char LICENSE[] SEC("license") = "GPL";
