/*
 * The loader's work in C with libbpf. Usage: baseline MAPS.bpf.o LOAD.bpf.o CORE.bpf.o
 * Prints `name nanoseconds` per line: the least of many short batches, because the machine is shared.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ENTRIES = 8192, BATCHES = 150, OPS = 512, RECORDS = 4096, LOADS = 15 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static double least = 1e18, begin;
static void start(void) { begin = now(); }
static void stop(double count)
{
	double ns = (now() - begin) / count;

	if (ns < least)
		least = ns;
}
static void report(const char *name)
{
	printf("%s %.2f\n", name, least);
	least = 1e18;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void element_ops(int fd)
{
	__u64 value = 1, sum = 0;

	for (__u32 key = 0; key < ENTRIES; key++)
		if (bpf_map_update_elem(fd, &key, &value, BPF_ANY))
			die("update");
	for (int b = 0; b < BATCHES; b++) {
		start();
		for (__u32 key = 0; key < OPS; key++) {
			bpf_map_lookup_elem(fd, &key, &value);
			sum += value;
		}
		stop(OPS);
	}
	report("lookup");
	for (int b = 0; b < BATCHES; b++) {
		start();
		for (__u32 key = 0; key < OPS; key++)
			bpf_map_update_elem(fd, &key, &sum, BPF_ANY);
		stop(OPS);
	}
	report("update");
}

static void batch_ops(int fd)
{
	static __u32 keys[ENTRIES * 2];
	static __u64 values[ENTRIES * 2];

	for (int b = 0; b < BATCHES / 2; b++) {
		__u32 cursor, total = 0;
		void *in = NULL;
		__u64 sum = 0;
		int err;

		start();
		do {
			__u32 count = 4096;

			err = bpf_map_lookup_batch(fd, in, &cursor, keys, values, &count, NULL);
			for (__u32 i = 0; i < count; i++)
				sum += keys[i] + values[i];
			total += count;
			in = &cursor;
		} while (!err);
		stop(total);
	}
	report("batch");
}

static __u64 drained;
static int on_record(void *ctx, void *data, size_t size)
{
	drained += *(__u64 *)data;
	return 0;
}

static void fill(int program, int count)
{
	char packet[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet), .repeat = count);

	if (bpf_prog_test_run_opts(program, &opts))
		die("test run");
}

static void drain(int program, int fd)
{
	struct ring_buffer *ring = ring_buffer__new(fd, on_record, NULL, NULL);

	for (int b = 0; b < BATCHES; b++) {
		fill(program, RECORDS);
		start();
		int count = ring_buffer__consume(ring);
		stop(count);
		if (count != RECORDS)
			die("drain");
	}
	ring_buffer__free(ring);
	report("drain");
}

static void load(const char *path, const char *name)
{
	for (int i = 0; i < LOADS; i++) {
		start();
		struct bpf_object *object = bpf_object__open_file(path, NULL);
		if (!object || bpf_object__load(object))
			die(path);
		stop(1);
		bpf_object__close(object);
	}
	report(name);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	struct bpf_object *object = bpf_object__open_file(argv[1], NULL);

	if (!object || bpf_object__load(object))
		die(argv[1]);
	element_ops(bpf_object__find_map_fd_by_name(object, "flows"));
	batch_ops(bpf_object__find_map_fd_by_name(object, "flows"));
	drain(bpf_program__fd(bpf_object__find_program_by_name(object, "fill")),
	      bpf_object__find_map_fd_by_name(object, "events"));
	load(argv[2], "load");
	load(argv[3], "core");
	return 0;
}
