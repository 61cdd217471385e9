/* Records of chance, the same in every run: each field is there or not, its values are few, so that
 * conditions meet them. */
#ifndef TLSVANE_TESTS_RANDOM_RECORD_H
#define TLSVANE_TESTS_RANDOM_RECORD_H

#include "../../sensor/record.h"

/* A number from 0 to below - 1. */
uint32_t chance(uint32_t below);

void random_record(struct record *r);

#endif
