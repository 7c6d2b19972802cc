/* Read by ci/lint before every source, never by the compiler: clang-tidy looks at one source at
 * a time and can't see that these never return 0, so it would follow paths that do not exist. */
#include "base/err.h"

#define err_set(...) (err_set(__VA_ARGS__), -1)
#define err_errno(...) (err_errno(__VA_ARGS__), -1)
#define err_wrap(...) (err_wrap(__VA_ARGS__), -1)
#define err_oom(...) (err_oom(__VA_ARGS__), -1)
