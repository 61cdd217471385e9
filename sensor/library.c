/* Functions by dlopen. */
#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

bool library_load(struct library *l, void *to, char *why, size_t size)
{
	void *symbol;

	if (l->handle == NULL)
		l->handle = dlopen(l->file, RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; i < l->count; i++) {
		symbol = l->handle == NULL ? NULL : dlsym(l->handle, l->rows[i].name);
		if (symbol == NULL) {
			snprintf(why, size, "%s: install %s", dlerror(), l->package);
			return false;
		}
		memcpy((char *)to + l->rows[i].offset, &symbol, sizeof(symbol));
	}
	return true;
}
