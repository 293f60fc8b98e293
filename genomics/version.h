/* version: of the library that reads sequence files. */
#ifndef MN_VERSION_H
#define MN_VERSION_H

/* "1.16": of the htslib that is loaded, not of its headers. */
const char *mn_version_htslib(void);

#endif
