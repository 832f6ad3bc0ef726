#include "common.h"

COUNTERS(pkt_count, 1);

SEC("xdp")
int count_packets(struct xdp_md *ctx)
{
	bump(&pkt_count, 0);
	return XDP_PASS;
}
