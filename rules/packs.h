/* Where the rules that come with tlsvane stand. */
#ifndef TLSVANE_RULES_PACKS_H
#define TLSVANE_RULES_PACKS_H

/* $TLSVANE_PACKS, else share/tlsvane/rules beside the program's own folder, else rules beside it (a
 * build tree); NULL where there is none. Static storage. */
const char *rules_packs(void);

#endif
