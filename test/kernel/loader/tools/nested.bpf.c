// Maps in maps with entries from the start, and programs in several sections.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 8);
} even SEC(".maps"), odd SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = {
	.values = { &even, &odd },
};

SEC("xdp") int run(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 which, slot;
	__u64 *value;
	void *map;

	if (data + 1 > end)
		return 0;
	which = data[0] & 1;
	slot = data[0] & 7;
	map = bpf_map_lookup_elem(&outer, &which);
	if (!map)
		return 1;
	value = bpf_map_lookup_elem(map, &slot);
	if (value)
		*value += data[0];
	return 2;
}

SEC("tc") int first(struct __sk_buff *skb) { return 0; }
SEC("tc") int second(struct __sk_buff *skb) { return 1; }

char LICENSE[] SEC("license") = "GPL";
