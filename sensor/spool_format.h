/* The words of a spool file, for its writer and its reader. */
#ifndef TLSVANE_SPOOL_FORMAT_H
#define TLSVANE_SPOOL_FORMAT_H

#define SPOOL_MAGIC   "tlsvane-spool"
#define SPOOL_VERSION "1"
#define SPOOL_END     "end"

#endif
