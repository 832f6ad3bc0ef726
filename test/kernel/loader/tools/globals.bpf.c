// Globals in every kind of section, functions, options of the kernel, symbols.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 64);
} sizes SEC(".maps");

extern int LINUX_KERNEL_VERSION __kconfig;
extern _Bool CONFIG_BPF __kconfig;
extern int CONFIG_HZ __kconfig;
extern char CONFIG_DEFAULT_HOSTNAME[16] __kconfig __weak;
extern unsigned long CONFIG_NOT_THERE_AT_ALL __kconfig __weak;
extern const void vfs_read __ksym;
extern const void no_such_symbol __ksym __weak;

const volatile __u32 step = 3;
static volatile const char label[8] = "tool";
__u64 runs = 0;
__u32 seen[4] = { 1, 2, 3, 4 };
__u64 bonus SEC(".data.bonus") = 7;
__u64 version, hz, flags, symbol, missing, nothing;

static __attribute__((noinline)) __u32 mix(__u32 a, __u32 b)
{
	return a * 31 + b + label[a & 7];
}

static __attribute__((noinline)) __u64 twice(__u32 a)
{
	return mix(a, step) + mix(a + 1, step);
}

SEC("xdp") int run(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 key;
	__u64 value;

	if (data + 1 > end)
		return 0;
	key = data[0];
	value = twice(key) + bonus;
	runs++;
	bonus += step;
	seen[key & 3] += key;
	version = LINUX_KERNEL_VERSION;
	hz = CONFIG_HZ;
	flags = CONFIG_BPF + ((__u64)CONFIG_DEFAULT_HOSTNAME[1] << 8);
	symbol = (__u64)&vfs_read;
	missing = CONFIG_NOT_THERE_AT_ALL;
	nothing = (__u64)&no_such_symbol;
	bpf_map_update_elem(&sizes, &key, &value, BPF_ANY);
	return 2;
}

char LICENSE[] SEC("license") = "GPL";
