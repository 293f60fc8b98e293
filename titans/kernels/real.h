/* real: the number type of the model. float as installed; double with -Dprecision=double (internal, for the tests). */
#ifndef MN_REAL_H
#define MN_REAL_H

#ifdef MN_DOUBLE
typedef double mn_real_t;
#else
typedef float mn_real_t;
#endif

#endif
