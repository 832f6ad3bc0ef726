/*
 * What libbpf makes of an object: loads it, runs its program `run` on packets 1, 2, 3, ... and prints the contents of its
 * maps. Usage: run FILE ROUNDS
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void hex(const unsigned char *bytes, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		printf("%02x", bytes[i]);
}

static void dump(struct bpf_map *map)
{
	unsigned int key_size = bpf_map__key_size(map), value_size = bpf_map__value_size(map);
	unsigned char *key = NULL, *next = malloc(key_size), *value = malloc(value_size);
	int fd = bpf_map__fd(map);

	while (!bpf_map_get_next_key(fd, key, next)) {
		key = next;
		if (bpf_map_lookup_elem(fd, key, value))
			continue;
		printf("%s ", bpf_map__name(map));
		hex(key, key_size);
		printf(" ");
		hex(value, value_size);
		printf("\n");
	}
}

int main(int argc, char **argv)
{
	struct bpf_object *object = argc == 3 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct bpf_program *program;
	struct bpf_map *map;

	if (!object || bpf_object__load(object))
		return 1;
	program = bpf_object__find_program_by_name(object, "run");
	for (int i = 1; i <= atoi(argv[2]); i++) {
		unsigned char packet[64] = { i };
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));

		if (bpf_prog_test_run_opts(bpf_program__fd(program), &opts))
			return 2;
	}
	bpf_object__for_each_map(map, object)
		if (bpf_map__type(map) == BPF_MAP_TYPE_ARRAY || bpf_map__type(map) == BPF_MAP_TYPE_HASH)
			dump(map);
	return 0;
}
