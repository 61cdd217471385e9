/* Sets of IP networks. */
#include "network.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <ndpi_api.h>

#define FEW 4 /* networks that are compared one by one: cheaper than to go through a tree */

struct few {
	uint64_t mask[2], address[2]; /* as they lie in memory */
	bool v4;
};

struct network {
	struct few few[FEW];
	size_t count;		       /* of all */
	ndpi_patricia_tree_t *v4, *v6; /* NULL: has none of the family */
};

struct network *network_new(void)
{
	return calloc(1, sizeof(struct network));
}

static void nothing_to_free(void *data)
{
	(void)data;
}

void network_free(struct network *n)
{
	if (n == NULL)
		return;
	if (n->v4 != NULL)
		ndpi_patricia_destroy(n->v4, nothing_to_free);
	if (n->v6 != NULL)
		ndpi_patricia_destroy(n->v6, nothing_to_free);
	free(n);
}

static void fill_prefix(ndpi_prefix_t *p, const struct frame_address *address, unsigned bits)
{
	memset(p, 0, sizeof(*p));
	p->bitlen = (u_int16_t)bits;
	if (frame_address_is_ipv4(address)) {
		p->family = AF_INET;
		memcpy(&p->add.sin, address->bytes + 12, sizeof(p->add.sin));
	} else {
		p->family = AF_INET6;
		memcpy(&p->add.sin6, address->bytes, sizeof(p->add.sin6));
	}
}

bool network_mask(struct frame_address *address, unsigned bits)
{
	struct frame_address before = *address;

	for (unsigned bit = frame_address_is_ipv4(address) ? 96 + bits : bits; bit < 128; bit++)
		address->bytes[bit / 8] =
		    (uint8_t)(address->bytes[bit / 8] & ~(0x80u >> (bit % 8)));
	return memcmp(&before, address, sizeof(before)) != 0;
}

static void add_few(struct network *n, const struct frame_address *masked, unsigned bits, bool v4)
{
	struct frame_address mask;

	if (n->count < FEW) {
		struct few *few = &n->few[n->count];

		memset(&mask, 0xff, sizeof(mask));
		network_mask(&mask, v4 ? 96 + bits : bits);
		memcpy(few->mask, &mask, sizeof(few->mask));
		memcpy(few->address, masked, sizeof(few->address));
		few->v4 = v4;
	}
	n->count++;
}

bool network_add(struct network *n, const struct frame_address *address, unsigned bits)
{
	bool v4 = frame_address_is_ipv4(address);
	ndpi_patricia_tree_t **tree = v4 ? &n->v4 : &n->v6;
	struct frame_address masked = *address;
	ndpi_prefix_t prefix;

	network_mask(&masked, bits); /* a patricia tree wants them clear */
	if (*tree == NULL)
		*tree = ndpi_patricia_new(v4 ? 32 : 128);
	fill_prefix(&prefix, &masked, bits);
	add_few(n, &masked, bits, v4);
	return *tree != NULL && ndpi_patricia_lookup(*tree, &prefix) != NULL;
}

static bool few_hold(const struct network *n, const struct frame_address *address, bool v4)
{
	uint64_t words[2];

	memcpy(words, address, sizeof(words));
	for (size_t i = 0; i < n->count; i++) {
		const struct few *f = &n->few[i];

		if (f->v4 == v4 && (words[0] & f->mask[0]) == f->address[0] &&
		    (words[1] & f->mask[1]) == f->address[1])
			return true;
	}
	return false;
}

bool network_holds(const struct network *n, const struct frame_address *address)
{
	bool v4 = frame_address_is_ipv4(address);
	ndpi_patricia_tree_t *tree = v4 ? n->v4 : n->v6;
	ndpi_prefix_t prefix;

	if (n->count <= FEW)
		return few_hold(n, address, v4);
	if (tree == NULL)
		return false;
	fill_prefix(&prefix, address, v4 ? 32 : 128);
	return ndpi_patricia_search_best(tree, &prefix) != NULL;
}
