/* version: of htslib. */
#include "genomics/version.h"
#include <htslib/hts.h>

const char *mn_version_htslib(void) {
    return hts_version();
}
